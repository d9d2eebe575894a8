import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HostState } from '../../src/hosts/host-state.ts';
import type { CircuitState } from '../../src/pipeline/events.ts';
import { OpenCalls } from '../../src/pipeline/open-calls.ts';
import { Circuit, type Permit, type Verdict } from '../../src/policies/circuit-breaker/circuit.ts';
import { type CircuitLimits, circuitBreakerDefaults } from '../../src/policies/circuit-breaker/limits.ts';

/**
 * What a circuit should do, in the simplest words: nothing is counted ahead, everything is looked up in the history.
 * The circuit is compared with it after every step of a random life.
 */
class Model {
  readonly #limits: CircuitLimits;
  readonly #chance: number;
  state: CircuitState = 'closed';
  /** Which state, of all that it has been in, this one is. */
  #era = 0;
  /** What counts in the present closed state: when, and whether it succeeded. */
  #completed: { readonly at: number; readonly ok: boolean }[] = [];
  #closedAt: number;
  #openUntil = 0;
  #failedProbes = 0;
  /** Probes of the present half-open state that hold a place. */
  #probes: ModelPermit[] = [];
  #probesSucceeded = 0;

  constructor(limits: CircuitLimits, chance: number, now: number) {
    this.#limits = limits;
    this.#chance = chance;
    this.#closedAt = now;
  }

  passTime(now: number): void {
    if (this.state !== 'open' || now < this.#openUntil) return;
    this.#enter('half-open');
    this.#probes = [];
    this.#probesSucceeded = 0;
  }

  refusal(now: number): { state: CircuitState; retryAfterMs: number | undefined } | undefined {
    this.passTime(now);
    if (this.state === 'closed') return undefined;
    if (this.state === 'isolated') return { state: 'isolated', retryAfterMs: undefined };
    if (this.state === 'open') return { state: 'open', retryAfterMs: this.#openUntil - now };
    const hasRoom = this.#probes.length + this.#probesSucceeded < this.#limits.halfOpenProbes;
    const hasHung = this.#probes.some(probe => now >= probe.leaseUntil);
    return hasRoom || hasHung ? undefined : { state: 'half-open', retryAfterMs: this.#limits.openMs };
  }

  acquire(now: number): ModelPermit | undefined {
    if (this.refusal(now)) return undefined;
    const permit = { era: this.#era, leaseUntil: now + this.#limits.probeLeaseMs };
    if (this.state === 'half-open') {
      const isFull = this.#probes.length + this.#probesSucceeded >= this.#limits.halfOpenProbes;
      if (isFull) this.#probes = this.#probes.filter(probe => now < probe.leaseUntil);
      this.#probes.push(permit);
    }
    return permit;
  }

  record(permit: ModelPermit, verdict: Verdict, now: number): void {
    if (permit.era !== this.#era) return;
    if (this.state === 'closed') this.#recordClosed(verdict, now);
    else if (this.state === 'half-open') this.#recordProbe(permit, verdict, now);
  }

  isolate(): void {
    if (this.state !== 'isolated') this.#enter('isolated');
  }

  reset(now: number): void {
    this.#close(now);
  }

  /** The window moves in tenths, counted from when the circuit closed. */
  counts(now: number): { successes: number; failures: number } {
    const tenth = (at: number) => Math.floor((at - this.#closedAt) / (this.#limits.windowMs / 10));
    const inWindow = this.#completed.filter(({ at }) => tenth(now) - tenth(at) < 10);
    const failures = inWindow.filter(({ ok }) => !ok).length;
    return { successes: inWindow.length - failures, failures };
  }

  #recordClosed(verdict: Verdict, now: number): void {
    if (verdict === 'neutral') return;
    this.#completed.push({ at: now, ok: verdict === 'success' });
    if (verdict === 'failure' && (this.#hasCollapsed(now) || this.#hasReachedRatio(now))) this.#open(0, now);
  }

  #hasCollapsed(now: number): boolean {
    const { consecutiveFailures, minimumSilenceMs } = this.#limits;
    const lastSuccess = this.#completed.findLastIndex(({ ok }) => ok);
    const inARow = this.#completed.length - 1 - lastSuccess;
    const silentSince = this.#completed[lastSuccess]?.at ?? this.#closedAt;
    return (
      consecutiveFailures !== false && inARow >= consecutiveFailures && now - silentSince >= minimumSilenceMs
    );
  }

  #hasReachedRatio(now: number): boolean {
    const { failureRatio, minimumThroughput } = this.#limits;
    const { successes, failures } = this.counts(now);
    const total = successes + failures;
    return failureRatio !== false && total >= minimumThroughput && failures / total >= failureRatio;
  }

  #recordProbe(permit: ModelPermit, verdict: Verdict, now: number): void {
    const hasPlace = this.#probes.includes(permit);
    this.#probes = this.#probes.filter(probe => probe !== permit);
    if (verdict === 'success') this.#probesSucceeded++;
    if (this.#probesSucceeded >= this.#limits.halfOpenProbes) this.#close(now);
    else if (verdict === 'failure' && hasPlace) this.#open(this.#failedProbes + 1, now);
  }

  #open(failedProbes: number, now: number): void {
    const { openMs, openGrowth, maxOpenMs, openJitterRatio } = this.#limits;
    const grown = Math.min(openMs * openGrowth ** failedProbes, Math.max(openMs, maxOpenMs));
    this.#failedProbes = failedProbes;
    this.#openUntil = now + grown * (1 + openJitterRatio * (2 * this.#chance - 1));
    this.#enter('open');
  }

  #close(now: number): void {
    this.#completed = [];
    this.#closedAt = now;
    this.#enter('closed');
  }

  #enter(state: CircuitState): void {
    this.state = state;
    this.#era++;
  }
}

interface ModelPermit {
  readonly era: number;
  readonly leaseUntil: number;
}

type Step =
  | { readonly act: 'wait'; readonly ms: number }
  | { readonly act: 'attempt' | 'isolate' | 'reset' | 'look' }
  /** An attempt that is out comes to its end; which one comes as a number. */
  | { readonly act: 'end'; readonly which: number; readonly verdict: Verdict };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 7, 25, 60, 100, 250, 1_100),
    }),
  },
  { weight: 6, arbitrary: fc.record({ act: fc.constant('attempt' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      act: fc.constant('end' as const),
      which: fc.oneof(fc.constant(0), fc.nat({ max: 9 })),
      verdict: fc.constantFrom<Verdict>('success', 'failure', 'failure', 'neutral'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('look' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('isolate' as const, 'reset' as const) }) },
);

const limits: fc.Arbitrary<CircuitLimits> = fc.record({
  consecutiveFailures: fc.constantFrom<number | false>(1, 1, 2, 4, false),
  minimumSilenceMs: fc.constantFrom(0, 0, 50, 200),
  failureRatio: fc.constantFrom<number | false>(0.01, 0.07, 1 / 3, 0.5, 0.58, 1, false),
  minimumThroughput: fc.integer({ min: 1, max: 6 }),
  windowMs: fc.constantFrom(100, 1_000),
  openMs: fc.constantFrom(30, 100),
  openJitterRatio: fc.constantFrom(0, 0.2, 1),
  openGrowth: fc.constantFrom(1, 1.5, 3),
  maxOpenMs: fc.constantFrom(100, 400),
  halfOpenProbes: fc.integer({ min: 1, max: 3 }),
  probeLeaseMs: fc.constantFrom(40, 150),
  slowCallMs: fc.constant(false),
});

const hostOf = (url: URL) => new HostState(url.origin, url);

/** Lives the same life in the circuit and in the model, and compares them after each step. */
function live(
  given: CircuitLimits,
  chance: number,
  steps: readonly Step[],
  onStep?: (state: CircuitState) => void,
) {
  let now = 0;
  const clock = { now: () => now, date: () => now, setTimer: () => 0, clearTimer() {}, unrefTimer() {} };
  const runtime = { clock, random: () => chance, emit: undefined, hostOf, open: new OpenCalls() };
  const host = new HostState('https://payments.test', new URL('https://payments.test'));
  const circuit = new Circuit(host, given, runtime);
  const model = new Model(given, chance, now);
  const out: [Permit, ModelPermit][] = [];
  for (const step of steps) {
    switch (step.act) {
      case 'wait':
        now += step.ms;
        break;
      case 'attempt': {
        const refusal = circuit.refusal(now);
        const permit = circuit.acquire(now);
        const expectedRefusal = model.refusal(now);
        const expected = model.acquire(now);
        expect(refusal).toEqual(expectedRefusal);
        if ('state' in permit) expect(permit).toEqual(expectedRefusal);
        else out.push([permit, expected as ModelPermit]);
        break;
      }
      case 'end': {
        const [ended] = out.splice(step.which % Math.max(1, out.length), 1);
        if (!ended) break;
        circuit.record(ended[0], step.verdict, now);
        model.record(ended[1], step.verdict, now);
        break;
      }
      case 'isolate':
        circuit.isolate();
        model.isolate();
        break;
      case 'reset':
        circuit.reset();
        model.reset(now);
        break;
      default: {
        const state = circuit.state(now);
        model.passTime(now);
        expect(state).toBe(model.state);
        if (state === 'closed') expect(circuit.counts(now)).toEqual(model.counts(now));
      }
    }
    onStep?.(model.state);
  }
  expect(circuit.refusal(now)).toEqual(model.refusal(now));
}

const failing: Step[] = [{ act: 'attempt' }, { act: 'end', which: 9, verdict: 'failure' }];

/** Turns that chance alone takes too seldom: the host breaks down, and a probe hangs. */
const turn = fc.constantFrom<Step[]>(
  [...failing, ...failing, ...failing, ...failing, { act: 'wait', ms: 1_100 }],
  [{ act: 'attempt' }, { act: 'wait', ms: 250 }, { act: 'attempt' }, { act: 'look' }],
);

const steps = fc
  .array(fc.oneof({ weight: 9, arbitrary: step.map(one => [one]) }, { weight: 1, arbitrary: turn }), {
    maxLength: 100,
  })
  .map(parts => parts.flat());
const chance = fc.constantFrom(0, 0.25, 0.5, 0.999);

describe('the circuit', () => {
  test('does what its model does, whatever happens', () => {
    fc.assert(
      fc.property(limits, chance, steps, (given, luck, life) => live(given, luck, life)),
      { numRuns: 3_000 },
    );
  });

  test('is taken through all its states by these lives', () => {
    const seen = new Set<CircuitState>();
    for (const [given, luck, life] of fc.sample(fc.tuple(limits, chance, steps), { numRuns: 300, seed: 1 }))
      live(given, luck, life, state => seen.add(state));
    expect([...seen].sort()).toEqual(['closed', 'half-open', 'isolated', 'open']);
  });

  test('is never wedged: from any life, good calls that come now and then close it', () => {
    fc.assert(
      fc.property(limits, chance, steps, (given, luck, life) => {
        let now = 0;
        const clock = {
          now: () => now,
          date: () => now,
          setTimer: () => 0,
          clearTimer() {},
          unrefTimer() {},
        };
        const runtime = { clock, random: () => luck, emit: undefined, hostOf, open: new OpenCalls() };
        const circuit = new Circuit(new HostState('key', new URL('https://payments.test')), given, runtime);
        const out: Permit[] = [];
        for (const step of life) {
          if (step.act === 'wait') now += step.ms;
          if (step.act === 'attempt') {
            const permit = circuit.acquire(now);
            if (!('state' in permit)) out.push(permit);
          }
          if (step.act === 'end') {
            const [permit] = out.splice(step.which % Math.max(1, out.length), 1);
            if (permit) circuit.record(permit, step.verdict, now);
          }
        }
        // What is still out hangs for ever. One call a second from now on, each of which succeeds at once.
        for (let call = 0; call < 10; call++) {
          now += 1_000;
          const permit = circuit.acquire(now);
          if (!('state' in permit)) circuit.record(permit, 'success', now);
        }
        expect(circuit.state(now)).toBe('closed');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('limits that change while the circuit lives', () => {
  const make = (given: Partial<CircuitLimits> = {}) => {
    const clock = { now: () => 0, date: () => 0, setTimer: () => 0, clearTimer() {}, unrefTimer() {} };
    const runtime = { clock, random: () => 0.5, emit: undefined, hostOf, open: new OpenCalls() };
    const host = new HostState('key', new URL('https://payments.test'));
    return new Circuit(host, { ...circuitBreakerDefaults, ...given }, runtime);
  };

  const fail = (circuit: Circuit, times: number) => {
    for (let time = 0; time < times; time++) circuit.record(circuit.acquire(0) as Permit, 'failure', 0);
  };

  test('leave the state, and the window if it keeps its shape', () => {
    const circuit = make();
    fail(circuit, 3);
    circuit.limits = { ...circuitBreakerDefaults, openMs: 5_000 };
    expect(circuit.counts(0)).toEqual({ successes: 0, failures: 3 });
  });

  test.each([
    { windowMs: 5_000 },
    { failureRatio: 0.5 },
    { minimumThroughput: 5 },
  ])('begin with an empty window if it takes another shape: %j', changed => {
    const circuit = make();
    fail(circuit, 3);
    circuit.limits = { ...circuitBreakerDefaults, ...changed };
    expect(circuit.counts(0)).toEqual({ successes: 0, failures: 0 });
  });

  test('hold for an open circuit too', () => {
    const circuit = make({ consecutiveFailures: 2, minimumSilenceMs: 0 });
    fail(circuit, 2);
    circuit.limits = { ...circuitBreakerDefaults, windowMs: 5_000 };
    expect(circuit.state(0)).toBe('open');
    expect(circuit.state(1_000)).toBe('half-open');
  });
});
