import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFetch, definePolicy, type FetchOptions, type PolicyOptions } from '../../src/index.ts';
import { readRetryOptions } from '../../src/policies/retry/rules.ts';
import { answering } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { withinMicrotasks } from '../support/settling.ts';

type Options = Record<string, unknown>;

const create = (options: unknown) => createFetch(options as FetchOptions);

/** Puts a value at a dotted path. */
function nested(path: string, value: unknown): Options {
  return path
    .split('.')
    .reverse()
    .reduce<unknown>((inner, key) => ({ [key]: inner }), value) as Options;
}

function errorOf(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  return expect.unreachable('nothing was thrown');
}

describe('promise 17: wrong options fail at construction', () => {
  describe('out of range: a RangeError with the option, the range and the value', () => {
    test.each([
      ['totalTimeoutMs', 0, 'a number from 1 to 2147483647 (milliseconds), or Infinity', '0'],
      ['totalTimeoutMs', -5, 'a number from 1 to 2147483647 (milliseconds), or Infinity', '-5'],
      ['totalTimeoutMs', Number.NaN, 'a number from 1 to 2147483647 (milliseconds), or Infinity', 'NaN'],
      ['totalTimeoutMs', 2 ** 31, 'a number from 1 to 2147483647 (milliseconds), or Infinity', '2147483648'],
      ['attemptTimeoutMs', 0.5, 'a number from 1 to 2147483647 (milliseconds), or Infinity', '0.5'],
      ['leaseMs', -1, 'a number from 0 to 2147483647 (milliseconds), or Infinity', '-1'],
      ['maxHosts', 0, 'a whole number of at least 1', '0'],
      ['maxHosts', 1.5, 'a whole number of at least 1', '1.5'],
      ['retry.maxRetries', -1, 'a whole number of at least 0, or Infinity', '-1'],
      ['retry.maxRetries', 1.5, 'a whole number of at least 0, or Infinity', '1.5'],
      ['retry.maxBufferedBytes', -1, 'a whole number of at least 0', '-1'],
      ['retry.maxElapsedMs', -1, 'a number of at least 0 (milliseconds), or Infinity', '-1'],
      ['retry.baseDelayMs', -1, 'a number from 0 to 2147483647 (milliseconds)', '-1'],
      [
        'retry.maxDelayMs',
        Number.POSITIVE_INFINITY,
        'a number from 0 to 2147483647 (milliseconds)',
        'Infinity',
      ],
      ['retry.budget.maxTokens', 0, 'a number of at least 1', '0'],
      ['retry.budget.retryCost', 0, 'a number of at least 0.001', '0'],
      ['retry.budget.timeoutCost', -1, 'a number of at least 0.001', '-1'],
      ['retry.budget.successRefill', -0.1, 'a number of at least 0', '-0.1'],
      ['bulkhead.maxConcurrent', 0, 'a whole number of at least 1, or Infinity', '0'],
      ['bulkhead.maxConcurrent', 1.5, 'a whole number of at least 1, or Infinity', '1.5'],
      ['bulkhead.maxQueued', -1, 'a whole number of at least 0, or Infinity', '-1'],
      ['bulkhead.maxOvertakes', Number.POSITIVE_INFINITY, 'a whole number of at least 1', 'Infinity'],
      ['rateLimit.perSecond', 0, 'a number of at least 0.000001, or Infinity', '0'],
      ['rateLimit.perSecond', -5, 'a number of at least 0.000001, or Infinity', '-5'],
      ['rateLimit.perSecond', Number.NaN, 'a number of at least 0.000001, or Infinity', 'NaN'],
      ['rateLimit.burst', 0, 'a whole number of at least 1', '0'],
      ['rateLimit.maxWaiting', -1, 'a whole number of at least 0, or Infinity', '-1'],
      ['hostPause.after429s', 0, 'a whole number of at least 1', '0'],
      ['hostPause.maxWaiting', -1, 'a whole number of at least 0, or Infinity', '-1'],
      ['hostPause.maxPauseMs', 0, 'a number of at least 1 (milliseconds), or Infinity', '0'],
      ['hostPause.jitterMs', -1, 'a number from 0 to 2147483647 (milliseconds)', '-1'],
      ['circuitBreaker.consecutiveFailures', 0, 'a whole number of at least 1', '0'],
      ['circuitBreaker.minimumSilenceMs', -1, 'a number of at least 0 (milliseconds)', '-1'],
      ['circuitBreaker.failureRatio', 0, 'a number from 0.000001 to 1', '0'],
      ['circuitBreaker.failureRatio', 50, 'a number from 0.000001 to 1', '50'],
      ['circuitBreaker.minimumThroughput', 0, 'a whole number of at least 1', '0'],
      ['circuitBreaker.windowMs', 5, 'a number from 10 to 2147483647 (milliseconds)', '5'],
      ['circuitBreaker.openMs', 0, 'a number from 1 to 2147483647 (milliseconds)', '0'],
      ['circuitBreaker.openJitterRatio', 1.1, 'a number from 0 to 1', '1.1'],
      ['circuitBreaker.openGrowth', 0.5, 'a number of at least 1', '0.5'],
      ['circuitBreaker.maxOpenMs', 0, 'a number from 1 to 2147483647 (milliseconds)', '0'],
      ['circuitBreaker.halfOpenProbes', 0, 'a whole number of at least 1', '0'],
      ['circuitBreaker.slowCallMs', 0, 'a number from 1 to 2147483647 (milliseconds)', '0'],
      ['circuitBreaker.probeLeaseMs', 0, 'a number of at least 1 (milliseconds)', '0'],
    ])('%s: %s', (path, value, range, shown) => {
      const error = errorOf(() => create(nested(path, value)));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toBe(`\`${path}\` should be ${range}, got ${shown}.`);
    });

    test('a status that is no HTTP error, with its place in the list', () => {
      const error = errorOf(() => create({ retry: { statuses: [503, 200] } }));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toBe('`retry.statuses[1]` should be a whole number from 400 to 599, got 200.');
    });
  });

  describe('the wrong type: a TypeError with the option, what it may be, and the value', () => {
    const paths = [
      'totalTimeoutMs',
      'attemptTimeoutMs',
      'leaseMs',
      'maxHosts',
      'idempotencyKey',
      'fetch',
      'hostKey',
      'observe',
      'policies',
      'clock',
      'random',
      'hosts',
      'retry',
      'retry.maxRetries',
      'retry.methods',
      'retry.idempotent',
      'retry.statuses',
      'retry.unsent',
      'retry.maxBufferedBytes',
      'retry.maxElapsedMs',
      'retry.respectRetryAfter',
      'retry.shouldRetry',
      'retry.delayMs',
      'retry.backoff',
      'retry.baseDelayMs',
      'retry.maxDelayMs',
      'retry.jitter',
      'retry.budget',
      'retry.budget.maxTokens',
      'priority',
      'bulkhead',
      'bulkhead.maxConcurrent',
      'rateLimit',
      'rateLimit.perSecond',
      'rateLimit.adaptive',
      'hostPause',
      'hostPause.after429s',
      'circuitBreaker',
      'circuitBreaker.consecutiveFailures',
      'circuitBreaker.failureRatio',
      'circuitBreaker.isFailure',
      'circuitBreaker.onStateChange',
    ];

    test.each(paths)('%s', path => {
      for (const value of ['nonsense', true, null]) {
        if (
          value === true &&
          (path === 'retry.idempotent' || path === 'retry.unsent' || path === 'retry.respectRetryAfter')
        )
          continue;
        const error = errorOf(() => create(nested(path, value)));
        expect(error, String(value)).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(
          new RegExp(`^\`${path.replaceAll('.', '\\.')}\` should be .+, got .+\\.$`),
        );
      }
    });

    test.each([[null], [[]], ['options'], [42], [() => {}]])('options that are no object: %s', options => {
      expect(errorOf(() => create(options)).message).toMatch(/^`options` should be an object, got /);
    });

    test('a method that is not in capitals, with its place in the list', () => {
      expect(errorOf(() => create({ retry: { methods: ['GET', 'put'] } })).message).toBe(
        '`retry.methods[1]` should be a method in capitals, such as "PUT", got "put".',
      );
    });

    test('a word that is not one of the known', () => {
      expect(errorOf(() => create({ retry: { jitter: 'half' } })).message).toBe(
        '`retry.jitter` should be one of "full", "equal", "none", got "half".',
      );
    });
  });

  describe('an unknown option names its neighbours, and the one that was probably meant', () => {
    test.each([
      ['timeout', 'totalTimeoutMs'],
      ['totalTimeout', 'totalTimeoutMs'],
      ['attempttimeoutms', 'attemptTimeoutMs'],
      ['retries', 'retry'],
      ['circuitbreaker', 'circuitBreaker'],
      ['host', 'hosts'],
      ['retry.retries', 'maxRetries'],
      ['retry.maxRetry', 'maxRetries'],
      ['retry.status', 'statuses'],
      ['retry.baseDelay', 'baseDelayMs'],
      ['retry.budget.tokens', 'maxTokens'],
      ['circuitBreaker.threshold', undefined],
      ['circuitBreaker.halfOpenProbe', 'halfOpenProbes'],
      ['bulkhead.concurrent', 'maxConcurrent'],
      ['rateLimit.persecond', 'perSecond'],
      ['hostPause.maxwaiting', 'maxWaiting'],
      ['zzz', undefined],
    ])('%s: did you mean %s?', (path, meant) => {
      const error = errorOf(() => create(nested(path, 1)));
      expect(error).toBeInstanceOf(TypeError);
      const hint = meant === undefined ? '' : ` Did you mean \`${meant}\`?`;
      expect(error.message.startsWith(`Unknown option \`${path}\`.${hint} Known here: `)).toBe(true);
      if (meant !== undefined) expect(error.message).toContain(`${meant}`);
    });

    test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is not known either', name => {
      const options = JSON.parse(`{"retry":{"${name}":1}}`);
      expect(errorOf(() => create(options)).message).toContain(`Unknown option \`retry.${name}\``);
    });
  });

  describe('what contradicts itself', () => {
    test('a first delay above the longest delay', () => {
      const error = errorOf(() => create({ retry: { baseDelayMs: 5_000, maxDelayMs: 1_000 } }));
      expect(error.message).toContain('baseDelayMs');
      expect(error.message).toContain('maxDelayMs');
    });

    test('a first delay above the longest delay that holds by default raises that one', () => {
      const { events } = harness({ retry: { baseDelayMs: 5_000 } });
      expect(events).toEqual([]);
      expect(readRetryOptions({ baseDelayMs: 5_000 })).toMatchObject({
        baseDelayMs: 5_000,
        maxDelayMs: 5_000,
      });
    });

    test('an open time above the longest open time', () => {
      const error = errorOf(() => create({ circuitBreaker: { openMs: 60_000, maxOpenMs: 1_000 } }));
      expect(error.message).toContain('maxOpenMs');
    });

    test('a retry that costs more than the budget can hold', () => {
      const error = errorOf(() => create({ retry: { budget: { maxTokens: 5, retryCost: 6 } } }));
      expect(error.message).toContain('retryCost');
      expect(error.message).toContain('maxTokens');
    });
  });

  describe('hosts', () => {
    test('an error in the policy of a host says which host', () => {
      const error = errorOf(() => create({ hosts: { 'payments.internal': { retry: { maxRetries: -1 } } } }));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toBe(
        "`hosts['payments.internal'].retry.maxRetries` should be a whole number of at least 0, or Infinity, got -1.",
      );
    });

    test('an unknown option of a host too', () => {
      const error = errorOf(() => create({ hosts: { 'payments.internal': { timeout: 5 } } }));
      expect(error.message).toContain("Unknown option `hosts['payments.internal'].timeout`. Did you mean");
    });

    test('settings of the client have no place in the policy of a host', () => {
      const error = errorOf(() => create({ hosts: { 'payments.internal': { maxHosts: 5 } } }));
      expect(error.message).toContain("Unknown option `hosts['payments.internal'].maxHosts`");
    });

    test.each([
      '',
      '*',
      'payments.internal/path',
      'ftp://payments.internal',
      'a b',
      'user@payments.internal',
    ])('a pattern that matches nothing sensible: %j', pattern => {
      expect(errorOf(() => create({ hosts: { [pattern]: {} } })).message).toContain('is not a host pattern');
    });

    test('two patterns that say the same', () => {
      const error = errorOf(() => create({ hosts: { 'a.test': {}, 'A.test': {} } }));
      expect(error.message).toBe("`hosts` names one host twice: 'a.test' and 'A.test'.");
    });
  });

  describe('policies of one’s own', () => {
    const policy = () => Promise.resolve(new Response());

    test.each([
      ['is no function', { policy: 'retry', outside: 'retry' }, '`policies[0].policy` should be a function'],
      ['has no place', { policy }, '`policies[0]` should have either `outside` or `inside`'],
      ['has two places', { policy, outside: 'retry', inside: 'retry' }, 'either `outside` or `inside`'],
      [
        'has an unknown place',
        { policy, outside: 'storage' },
        '`policies[0].outside` should be one of "callSpan"',
      ],
      ['has more to say', { policy, outside: 'retry', first: true }, 'Unknown option `policies[0].first`'],
    ])('one that %s', (_, placed, message) => {
      expect(errorOf(() => create({ policies: [placed] })).message).toContain(message);
    });
  });

  test('undefined counts as not given', async () => {
    const { fetch } = harness({
      fetch: answering(200),
      totalTimeoutMs: undefined,
      retry: { maxRetries: undefined, budget: { maxTokens: undefined } },
      hosts: undefined,
    } as unknown as FetchOptions);
    expect((await fetch(url)).status).toBe(200);
    expect(fetch.hosts.get('payments.test')?.retryBudget?.maxTokens).toBeGreaterThan(0);
  });

  test('the options are read once: changing the object afterwards changes nothing', async () => {
    const transport = answering(503);
    const retry = { maxRetries: 1 };
    const { fetch } = harness({ fetch: transport, retry });
    retry.maxRetries = 5;
    await fetch(url);
    expect(transport.calls).toHaveLength(2);
  });

  test('definePolicy() checks where a policy is written, and hands it back', () => {
    const policy = { totalTimeoutMs: 5_000, hosts: { 'slow.internal': { totalTimeoutMs: 60_000 } } };
    expect(definePolicy(policy)).toBe(policy);
    expect(() => definePolicy({ totalTimeoutMs: 0 })).toThrow(RangeError);
    expect(() => definePolicy({ maxHosts: 5 } as PolicyOptions)).toThrow('Unknown option `maxHosts`');
  });

  describe('update()', () => {
    test('puts another policy in place for the calls that begin from now on', async () => {
      const { fetch, transport } = harness({ retry: { maxRetries: 0 } });
      const before = fetch(url);
      const first = await transport.next();
      fetch.update({ retry: { maxRetries: 1 } });
      first.respond(new Response(null, { status: 503 }));
      expect((await before).status).toBe(503);
      const after = fetch(url);
      (await transport.next()).respond(new Response(null, { status: 503 }));
      (await transport.next()).respond();
      expect((await after).status).toBe(200);
    });

    test('throws if the new one will not do, and the present one stays', async () => {
      const transport = answering(503);
      const { fetch } = harness({ fetch: transport, retry: { maxRetries: 1 } });
      expect(() => fetch.update({ retry: { maxRetries: -1 } })).toThrow(RangeError);
      await fetch(url);
      expect(transport.calls).toHaveLength(2);
    });

    test('leaves what the hosts remember', async () => {
      const { fetch } = harness({ fetch: answering(503), retry: { maxRetries: 1 } });
      await fetch(url);
      fetch.update({ totalTimeoutMs: 5_000, attemptTimeoutMs: 10_000 });
      expect(fetch.hosts.get('payments.test')).toMatchObject({
        retryBudget: { tokens: 9 },
        counters: { calls: 1 },
        circuitBreaker: { counts: { failures: 2 } },
      });
    });

    test('a source that brings a wrong policy is heard of, and the present one stays', async () => {
      const transport = answering(503);
      let bring!: (policy: PolicyOptions) => void;
      const { fetch, events } = harness({
        fetch: transport,
        retry: { maxRetries: 1 },
        source: {
          subscribe(onPolicy) {
            bring = onPolicy;
            return () => {};
          },
        },
      });
      bring({ retry: { maxRetries: -1 } });
      bring({ retry: { maxRetries: 2 } });
      expect(events).toMatchObject([
        { type: 'policy-refused', error: expect.any(RangeError) },
        { type: 'policy-updated' },
      ]);
      await fetch(url);
      expect(transport.calls).toHaveLength(3);
    });

    test('a source may bring a policy at once', async () => {
      const transport = answering(503);
      const source = {
        subscribe(onPolicy: (policy: PolicyOptions) => void) {
          onPolicy({ retry: { maxRetries: 0 } });
          return () => {};
        },
      };
      await harness({ fetch: transport, source }).fetch(url);
      expect(transport.calls).toHaveLength(1);
    });

    test('what was given beside the policy of a source stays when the next one comes', async () => {
      const transport = answering(503);
      const policy = { retry: { maxRetries: 2 }, totalTimeoutMs: 20_000 };
      let bring!: (policy: PolicyOptions) => void;
      const source = {
        policy,
        subscribe(onPolicy: (policy: PolicyOptions) => void) {
          bring = onPolicy;
          return () => {};
        },
      };
      const { fetch } = harness({ ...policy, retry: { maxRetries: 1 }, fetch: transport, source });
      bring({ retry: { maxRetries: 0 }, idempotencyKey: 'auto' });
      await fetch(url, { method: 'PUT' });
      expect(transport.calls).toHaveLength(2);
    });

    test('close() stops listening to the source', async () => {
      const stop = vi.fn();
      const { fetch } = harness({ source: { subscribe: () => stop } });
      await fetch.close();
      expect(stop).toHaveBeenCalledOnce();
    });
  });

  describe('the policy of a single call', () => {
    test.each([
      ['an unknown option', { retries: 5 }, TypeError, 'Unknown option `policy.retries`'],
      ['an option out of range', { totalTimeoutMs: 0 }, RangeError, '`policy.totalTimeoutMs` should be'],
      ['what is no object', 'none', TypeError, '`policy` should be an object'],
      ['null', null, TypeError, '`policy` should be an object'],
      [
        'limits of the circuit, which all calls share',
        { circuitBreaker: { openMs: 5 } },
        TypeError,
        'of a single call can only be false',
      ],
      [
        'limits of the pause',
        { hostPause: {} },
        TypeError,
        '`policy.hostPause` of a single call can only be false',
      ],
      [
        'limits of the budget',
        { retry: { budget: { maxTokens: 5 } } },
        TypeError,
        '`policy.retry.budget` of a single call',
      ],
      ['policies by host', { hosts: {} }, TypeError, 'Unknown option `policy.hosts`'],
      ['a setting of the client', { maxHosts: 5 }, TypeError, 'Unknown option `policy.maxHosts`'],
    ])('that has %s rejects, and sends nothing', async (_, policy, type, message) => {
      const { fetch, transport } = harness();
      const settling = await withinMicrotasks(fetch(url, { policy: policy as never }));
      expect(settling.state).toBe('rejected');
      const { reason } = settling as { reason: Error };
      expect(reason).toBeInstanceOf(type);
      expect(reason.message).toContain(message);
      await transport.expectNone();
    });

    test('says that it is the policy of the call', async () => {
      const error = await rejection(
        RangeError,
        harness().fetch(url, { policy: { retry: { maxRetries: -1 } } }),
      );
      expect(error.message).toContain('policy.retry.maxRetries');
    });

    test('is laid over the policy of the host, option by option', async () => {
      const transport = answering(503);
      const { fetch } = harness({ fetch: transport, retry: { maxRetries: 3, methods: ['POST'] } });
      await fetch(url, { method: 'POST', policy: { retry: { baseDelayMs: 0 } } });
      expect(transport.calls).toHaveLength(4);
    });

    test('that is undefined is as good as none', async () => {
      const transport = answering(200);
      await harness({ fetch: transport }).fetch(url, { policy: undefined } as unknown as RequestInit);
      expect(transport.calls[0]?.[1]).not.toHaveProperty('policy');
    });

    test('can switch a part on that the host has off', async () => {
      const transport = answering(503);
      const { fetch } = harness({ fetch: transport, retry: false });
      await fetch(url, { policy: { retry: { maxRetries: 1 } } });
      expect(transport.calls).toHaveLength(2);
    });

    test('is read once per object: to change it, hand over another', async () => {
      const transport = answering(503);
      const { fetch } = harness({ fetch: transport, retry: { budget: false } });
      const policy = { retry: { maxRetries: 0 } };
      await fetch(url, { policy });
      policy.retry.maxRetries = 5;
      await fetch(url, { policy });
      expect(transport.calls).toHaveLength(2);
      await fetch(url, { policy: { ...policy } });
      expect(transport.calls).toHaveLength(2 + 6);
    });
  });

  describe('the policy of a host', () => {
    test('is laid over the common one, the more specific over the less specific', async () => {
      const transport = answering(503);
      const { fetch } = harness({
        fetch: transport,
        circuitBreaker: false,
        retry: { maxRetries: 0, budget: false },
        hosts: {
          '*.internal': { retry: { maxRetries: 1 } },
          'payments.internal': { retry: { maxRetries: 2 } },
          'https://payments.internal:8443': { retry: { maxRetries: 3 } },
        },
      });
      const attemptsOf = async (target: string) => {
        const before = transport.calls.length;
        await fetch(target);
        return transport.calls.length - before;
      };
      expect(await attemptsOf('https://other.test/')).toBe(1);
      expect(await attemptsOf('https://search.internal/')).toBe(2);
      expect(await attemptsOf('https://payments.internal/')).toBe(3);
      expect(await attemptsOf('https://payments.internal:8443/')).toBe(4);
    });

    test('is that of the URL that is called, also when `hostKey` lets several hosts share one state', async () => {
      const transport = answering(503);
      const { fetch } = harness({
        fetch: transport,
        hostKey: () => 'shared',
        hosts: { 'once.test': { retry: false } },
      });
      await fetch('https://many.test/');
      expect(transport.calls).toHaveLength(3);
      await fetch('https://once.test/');
      expect(transport.calls).toHaveLength(3 + 1);
      expect(fetch.hosts.size).toBe(1);
    });

    test('keeps the other options of a part that it changes', async () => {
      const transport = answering(404);
      const { fetch } = harness({
        fetch: transport,
        retry: { statuses: [404], maxRetries: 1 },
        hosts: { 'payments.test': { retry: { maxRetries: 2, budget: { maxTokens: 20 } } } },
      });
      await fetch(url);
      expect(transport.calls).toHaveLength(3);
      expect(fetch.hosts.get('payments.test')?.retryBudget?.maxTokens).toBe(20);
    });
  });

  describe('risky combinations warn, with advice', () => {
    let warn: ReturnType<typeof vi.spyOn>;
    beforeEach(() => {
      warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    });
    afterEach(() => warn.mockRestore());

    const codesOf = (options: FetchOptions) =>
      harness(options).events.flatMap(event => (event.type === 'warning' ? [event.code] : []));

    test.each<[string, FetchOptions, string]>([
      [
        'an attempt timeout above the total',
        { totalTimeoutMs: 5_000, attemptTimeoutMs: 10_000 },
        'ATTEMPT_OVER_TOTAL',
      ],
      [
        'an attempt that may take all the time',
        { totalTimeoutMs: 10_000, attemptTimeoutMs: 10_000 },
        'NO_TIME_TO_RETRY',
      ],
      ['no jitter and no growth', { retry: { jitter: 'none', backoff: 'constant' } }, 'NO_JITTER'],
      ['no budget', { retry: { budget: false } }, 'NO_BUDGET'],
      [
        'a pause that is not obeyed',
        { hostPause: { after429s: 2 }, retry: { respectRetryAfter: false } },
        'PAUSE_WITHOUT_RETRY_AFTER',
      ],
      ['no end', { totalTimeoutMs: false, retry: { maxRetries: Number.POSITIVE_INFINITY } }, 'ENDLESS'],
    ])('%s', (_, options, code) => {
      expect(codesOf(options)).toContain(code);
    });

    test.each<[string, FetchOptions]>([
      [
        'a back-off that cannot fit the total timeout',
        { retry: { baseDelayMs: 60_000, maxDelayMs: 60_000, jitter: 'none' } },
      ],
      ['retries of attempts that have no timeout of their own', { attemptTimeoutMs: false }],
      ['a budget that cannot pay for one timed-out attempt', { retry: { budget: { maxTokens: 1 } } }],
    ])('%s', (_, options) => {
      expect(codesOf(options)).not.toEqual([]);
    });

    test.each<[string, FetchOptions]>([
      ['the defaults', {}],
      ['retry: false with any times', { retry: false, totalTimeoutMs: 10_000 }],
      ['no retries with no budget', { retry: { maxRetries: 0, budget: false } }],
      ['no timeouts for a stream', { totalTimeoutMs: false, attemptTimeoutMs: 10_000 }],
    ])('but not %s', (_, options) => {
      expect(codesOf(options)).toEqual([]);
    });

    test('on the console when nobody observes', () => {
      createFetch({ totalTimeoutMs: 5_000, attemptTimeoutMs: 10_000 });
      expect(warn).toHaveBeenCalledExactlyOnceWith(
        'holdfast: policy: `attemptTimeoutMs` (10000) is above `totalTimeoutMs` (5000), so it never acts. Lower the first or raise the second. (ATTEMPT_OVER_TOTAL)',
      );
    });

    test('of a host name the host, and are not repeated for what is said of all', () => {
      const { events } = harness({
        retry: { budget: false },
        hosts: { 'a.test': { totalTimeoutMs: 5_000, attemptTimeoutMs: 10_000 }, 'b.test': {} },
      });
      expect(events).toMatchObject([
        { code: 'NO_BUDGET', message: expect.stringMatching(/^policy: /) },
        { code: 'ATTEMPT_OVER_TOTAL', message: expect.stringMatching(/^hosts\['a\.test'\]: /) },
      ]);
    });

    test('on an update too', () => {
      const { fetch, events } = harness();
      fetch.update({ totalTimeoutMs: 5_000, attemptTimeoutMs: 10_000 });
      expect(events.map(event => event.type)).toEqual(['warning', 'policy-updated']);
    });
  });
});
