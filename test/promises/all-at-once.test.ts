import { getEventListeners } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type {
  AttemptRecord,
  CallRecord,
  CircuitState,
  FetchOptions,
  HoldfastEvent,
} from '../../src/index.ts';
import { brokenBody, networkError, seededRandom, stalledBody } from '../../src/testing/index.ts';
import { harness } from '../support/harness.ts';

/** What the server does with an attempt, after a while. */
type Answer =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number }
  | { readonly kind: 'error'; readonly code: string }
  | { readonly kind: 'silence' }
  | { readonly kind: 'stalled body' | 'broken body' };

interface PlannedCall {
  readonly host: number;
  readonly method: string;
  readonly hasKey: boolean;
  /** When it is made, and when its caller has had enough, if that comes. */
  readonly atMs: number;
  readonly abortAfterMs: number | undefined;
  readonly reads: boolean;
}

/** A storm: calls to some hosts, and what these answer, in the order in which the attempts come. */
interface Storm {
  readonly calls: readonly PlannedCall[];
  readonly answers: readonly (Answer & { readonly afterMs: number })[];
  readonly options: FetchOptions;
  readonly seed: number;
}

const answer: fc.Arbitrary<Answer> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('status' as const),
      status: fc.constantFrom(200, 200, 204, 404, 500, 503),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('status' as const),
      status: fc.constantFrom(429, 503),
      retryAfter: fc.integer({ min: 0, max: 20 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('error' as const),
      code: fc.constantFrom('ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET', 'CERT_HAS_EXPIRED'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Answer>(
      { kind: 'silence' },
      { kind: 'stalled body' },
      { kind: 'broken body' },
    ),
  },
);

const storm: fc.Arbitrary<Storm> = fc.record({
  calls: fc.array(
    fc.record({
      host: fc.nat({ max: 1 }),
      method: fc.constantFrom('GET', 'GET', 'HEAD', 'POST', 'PUT'),
      hasKey: fc.boolean(),
      atMs: fc.integer({ min: 0, max: 20_000 }),
      abortAfterMs: fc.option(fc.integer({ min: 0, max: 15_000 }), { nil: undefined, freq: 4 }),
      reads: fc.boolean(),
    }),
    { minLength: 1, maxLength: 25 },
  ),
  answers: fc.array(
    fc.tuple(answer, fc.integer({ min: 0, max: 12_000 })).map(([what, afterMs]) => ({ ...what, afterMs })),
    { minLength: 1, maxLength: 40 },
  ),
  options: fc.record({
    totalTimeoutMs: fc.constantFrom(2_000, 30_000),
    attemptTimeoutMs: fc.constantFrom(1_000, 2_000),
    leaseMs: fc.constantFrom(0, 1_000),
    retry: fc.record({
      maxRetries: fc.constantFrom(0, 2, 5),
      unsent: fc.boolean(),
      jitter: fc.constantFrom('full' as const, 'none' as const),
    }),
    circuitBreaker: fc.constantFrom<FetchOptions['circuitBreaker']>(
      {},
      { consecutiveFailures: 2, minimumSilenceMs: 0 },
      { consecutiveFailures: false, failureRatio: 0.5, minimumThroughput: 3, halfOpenProbes: 2 },
    ) as fc.Arbitrary<NonNullable<FetchOptions['circuitBreaker']>>,
    hostPause: fc.constantFrom({}, { maxWaiting: 1, after429s: 1 }),
    bulkhead: fc.constantFrom<NonNullable<FetchOptions['bulkhead']>>(
      false,
      { maxConcurrent: 1, maxQueued: 2 },
      { maxConcurrent: 2 },
    ),
    rateLimit: fc.constantFrom<NonNullable<FetchOptions['rateLimit']>>(
      false,
      { perSecond: 1 },
      { perSecond: 5, maxWaiting: 1 },
    ),
  }),
  seed: fc.integer(),
});

interface Seen {
  readonly call: number;
  readonly host: string;
  readonly method: string;
  readonly key: string | null;
  readonly startedAt: number;
  /** The state that the circuit of its host was last heard to be in. */
  readonly circuit: CircuitState;
  readonly signal: AbortSignal;
  isAnswered: boolean;
}

/** Lives through a storm and hands over everything that was to be seen. */
async function weather({ calls, answers, options, seed }: Storm) {
  const attempts: Seen[] = [];
  const pauses: { readonly host: string; readonly from: number; readonly until: number }[] = [];
  const parts = harness({
    ...options,
    random: seededRandom(seed),
    fetch: (input, init) =>
      new Promise((resolve, reject) => {
        const request = new Request(input, init);
        const signal = init?.signal as AbortSignal;
        const host = new URL(request.url).origin;
        const seen: Seen = {
          call: Number(new URL(request.url).searchParams.get('call')),
          host,
          method: request.method,
          key: request.headers.get('idempotency-key'),
          startedAt: clock.now(),
          circuit: circuitOf(host, parts.events),
          signal,
          isAnswered: false,
        };
        const plan = answers[attempts.length % answers.length]!;
        attempts.push(seen);
        const timer = clock.setTimer(() => {
          if (plan.kind === 'silence') return;
          seen.isAnswered = true;
          if (plan.kind === 'status' && plan.status === 503 && plan.retryAfter)
            pauses.push({ host, from: clock.now(), until: clock.now() + plan.retryAfter * 1_000 });
          if (plan.kind === 'error') reject(networkError(plan.code));
          else resolve(respond(plan, request.method));
        }, plan.afterMs);
        signal.addEventListener('abort', () => {
          clock.clearTimer(timer);
          reject(signal.reason);
        });
      }),
  });
  const { fetch, clock } = parts;
  const endings = calls.map(() => ({ count: 0, at: 0, abortedAt: Number.POSITIVE_INFINITY }));
  const callers = calls.map(() => new AbortController());
  for (const [index, planned] of calls.entries()) {
    clock.setTimer(() => {
      const { signal } = callers[index]!;
      const init = {
        method: planned.method,
        signal,
        ...(planned.hasKey && { headers: { 'Idempotency-Key': `key-${index}` } }),
      };
      const ending = endings[index]!;
      const settle = () => {
        ending.count++;
        ending.at = clock.now();
      };
      fetch(`https://host-${planned.host}.test/?call=${index}`, init).then(async response => {
        settle();
        if (planned.reads) await response.text().catch(() => {});
      }, settle);
      const { abortAfterMs } = planned;
      if (abortAfterMs === undefined) return;
      clock.setTimer(() => {
        ending.abortedAt = clock.now();
        callers[index]!.abort('enough');
      }, abortAfterMs);
    }, planned.atMs);
  }
  await clock.advance(120_000);
  return { ...parts, attempts, pauses, endings, callers };
}

function respond(plan: Answer, method: string): Response {
  if (plan.kind === 'stalled body') return new Response(stalledBody('half'));
  if (plan.kind === 'broken body') return new Response(brokenBody(networkError('UND_ERR_SOCKET'), 'half'));
  const { status, retryAfter } = plan as Answer & { kind: 'status' };
  const hasBody = status !== 204 && method !== 'HEAD';
  const headers: HeadersInit = retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
  return new Response(hasBody ? `status ${status}` : null, { status, headers });
}

const recordsOf = (events: readonly HoldfastEvent[]): CallRecord[] =>
  events.flatMap(event => (event.type === 'call-start' ? [event.call] : []));

/** The state that the circuit of a host was last heard to be in. */
function circuitOf(host: string, events: readonly HoldfastEvent[]): CircuitState {
  const change = events.findLast(event => event.type === 'circuit' && event.host === host);
  return change?.type === 'circuit' ? change.to : 'closed';
}

/** Whether it came to the transport, which may have failed to send it. */
const wasSent = ({ outcome, sent, code }: AttemptRecord) =>
  outcome !== 'rejected' && !(sent === 'no' && (code === undefined || code === 'TIMEOUT'));

describe('in any storm', () => {
  const runs = { numRuns: 150 };

  test('every call settles once, and no later than its total timeout and its abort allow', async () => {
    await fc.assert(
      fc.asyncProperty(storm, async given => {
        const { endings } = await weather(given);
        for (const [index, { count, at, abortedAt }] of endings.entries()) {
          const { atMs } = given.calls[index]!;
          expect(count).toBe(1);
          expect(at - atMs).toBeLessThanOrEqual(given.options.totalTimeoutMs as number);
          if (at > abortedAt) expect.unreachable('settled after the abort');
        }
      }),
      runs,
    );
  });

  test('nothing is left: no timer, no listener, no active call, no attempt that still hopes', async () => {
    await fc.assert(
      fc.asyncProperty(storm, async given => {
        const { clock, callers, fetch, attempts } = await weather(given);
        expect(clock.pending).toBe(0);
        for (const { signal } of callers) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
        for (const host of fetch.hosts) {
          expect(host.activeCalls).toBe(0);
          expect(host.pause.waiting).toBe(0);
          expect(host.bulkhead ?? { inUse: 0, waiting: 0 }).toMatchObject({ inUse: 0, waiting: 0 });
          expect(host.rateLimit?.waiting ?? 0).toBe(0);
        }
        for (const attempt of attempts) expect(attempt.isAnswered || attempt.signal.aborted).toBe(true);
      }),
      runs,
    );
  });

  test('no unkeyed POST or PUT is sent again once it may have arrived, and a key stays the same', async () => {
    await fc.assert(
      fc.asyncProperty(storm, async given => {
        const { attempts, events } = await weather(given);
        for (const [index, { method, hasKey }] of given.calls.entries()) {
          const own = attempts.filter(({ call }) => call === index);
          expect(new Set(own.map(({ key }) => key)).size).toBeLessThanOrEqual(1);
          if (hasKey || method === 'GET' || method === 'HEAD') continue;
          const record = recordsOf(events).find(({ url }) => url.endsWith(`call=${index}`));
          const retried = record?.attempts.slice(0, -1).filter(wasSent) ?? [];
          for (const attempt of retried) expect(attempt.sent).toBe('no');
        }
      }),
      runs,
    );
  });

  test('no attempt starts while its host has asked to be left alone', async () => {
    await fc.assert(
      fc.asyncProperty(storm, async given => {
        const { attempts, pauses } = await weather(given);
        for (const { host, from, until } of pauses) {
          const early = attempts.filter(
            it => it.host === host && it.startedAt > from && it.startedAt < until,
          );
          expect(early).toEqual([]);
        }
      }),
      runs,
    );
  });

  test('no attempt starts after the end of its call', async () => {
    await fc.assert(
      fc.asyncProperty(storm, async given => {
        const { attempts, endings } = await weather(given);
        for (const { call, startedAt } of attempts) {
          expect(startedAt).toBeLessThanOrEqual(endings[call]!.at);
          expect(startedAt).toBeLessThanOrEqual(endings[call]!.abortedAt);
        }
      }),
      runs,
    );
  });

  test('no attempt starts while the circuit of its host is open', async () => {
    await fc.assert(
      fc.asyncProperty(storm, async given => {
        const { attempts } = await weather(given);
        expect(attempts.filter(({ circuit }) => circuit === 'open')).toEqual([]);
      }),
      runs,
    );
  });

  test('the counters add up, and are what the transport has seen', async () => {
    await fc.assert(
      fc.asyncProperty(storm, async given => {
        const { attempts, fetch, events } = await weather(given);
        for (const host of fetch.hosts) {
          const { counters, retryBudget } = host;
          const seen = attempts.filter(attempt => attempt.host === host.key);
          const records = recordsOf(events).filter(record => record.host === host.key);
          expect(counters.calls).toBe(records.length);
          expect(counters.attempts).toBe(seen.length);
          const sent = records.map(record => record.attempts.filter(wasSent).length);
          expect(counters.recoveredCalls).toBeLessThanOrEqual(counters.retriedCalls);
          expect(counters.retriedCalls).toBeLessThanOrEqual(counters.calls);
          expect(counters.retries).toBe(sent.reduce((sum, count) => sum + Math.max(0, count - 1), 0));
          expect(retryBudget?.tokens).toBeGreaterThanOrEqual(0);
          expect(retryBudget?.tokens).toBeLessThanOrEqual(retryBudget?.maxTokens ?? 0);
        }
      }),
      runs,
    );
  });

  test('every story is whole: each attempt has its outcome, its length and a reason', async () => {
    await fc.assert(
      fc.asyncProperty(storm, async given => {
        const { events } = await weather(given);
        for (const record of recordsOf(events)) {
          expect(record.durationMs).toBeTypeOf('number');
          for (const [index, attempt] of record.attempts.entries()) {
            expect(attempt.attempt).toBe(index + 1);
            expect(attempt.outcome).toBeTypeOf('string');
            expect(attempt.durationMs).toBeGreaterThanOrEqual(0);
            const isLast = index === record.attempts.length - 1;
            if (!isLast) expect(attempt.reason).toBe('retried');
            expect(attempt.reason).not.toBe('no-retry-policy');
          }
        }
        const count = (type: HoldfastEvent['type']) => events.filter(event => event.type === type).length;
        expect(count('call-end')).toBe(count('call-start'));
        expect(count('attempt-end')).toBe(count('attempt-start'));
      }),
      runs,
    );
  });
});
