import { describe, expect, test } from 'vitest';
import {
  checkPolicy,
  type Finding,
  type FindingCode,
  type Severity,
  type Traffic,
} from '../../src/check/index.ts';
import type { PolicySet } from '../../src/index.ts';
import { hedgeDefaults } from '../../src/policies/hedge/options.ts';
import { policyDefaults } from '../../src/policies/policy-options.ts';

const figures = (policy: PolicySet, traffic?: Traffic) => checkPolicy(policy, traffic).policies[0]!.figures;

const found = (code: FindingCode, policy: PolicySet, traffic?: Traffic): Finding | undefined =>
  checkPolicy(policy, traffic).findings.find(finding => finding.code === code);

const codes = (policy: PolicySet, traffic?: Traffic) =>
  checkPolicy(policy, traffic).findings.map(({ code }) => code);

const Never = Number.POSITIVE_INFINITY;

describe('the figures', () => {
  test('of the defaults', () => {
    expect(figures({})).toEqual({
      longestCallMs: 30_000,
      longestAnswerMs: 30_000,
      allAttemptsMs: 30_600,
      waitsMs: 600,
      retriesInTime: 2,
      attemptsPerCall: 3,
      attemptsAcrossLayers: 3,
      outage: { burst: 10, burstAfterTimeouts: 5, longRunAttemptsPerCall: 1 },
      traffic: { callsUnderWay: undefined, attemptsPerWindow: undefined, tripAfterMs: undefined },
    });
  });

  test('a call ends with its last attempt if that is before the total timeout', () => {
    const policy = { attemptTimeoutMs: 1_000, retry: { baseDelayMs: 100, maxDelayMs: 150, maxRetries: 3 } };
    expect(figures(policy)).toMatchObject({
      waitsMs: 100 + 150 + 150,
      allAttemptsMs: 4_400,
      longestAnswerMs: 4_400,
      longestCallMs: 30_000,
      retriesInTime: 3,
    });
  });

  test('a fallback that has to be asked adds its time, one that is there does not', () => {
    const asked = { totalTimeoutMs: 1_000, fallback: { answer: () => ({}), maxMs: 300 } };
    expect(figures(asked)).toMatchObject({ longestCallMs: 1_300, longestAnswerMs: 1_300 });
    expect(figures({ totalTimeoutMs: 1_000, fallback: { value: {} } }).longestCallMs).toBe(1_000);
  });

  test('hedges multiply attempts, and begin late in the time of each', () => {
    const policy = {
      attemptTimeoutMs: 1_000,
      retry: { maxRetries: 1 },
      hedge: { afterMs: 200, maxHedges: 2 },
    };
    expect(figures(policy)).toMatchObject({ attemptsPerCall: 6, allAttemptsMs: 2 * 1_400 + 200 });
  });

  test('hedges at a quantile begin at the latest when the attempt has timed out', () => {
    const policy = { attemptTimeoutMs: 1_000, retry: false as const, hedge: {} };
    expect(figures(policy).allAttemptsMs).toBe(1_000 * (1 + hedgeDefaults.maxHedges));
  });

  test('layers multiply attempts', () => {
    expect(figures({}, { layers: 3 }).attemptsAcrossLayers).toBe(27);
  });

  test('without a budget an outage is met with all retries for as long as it lasts', () => {
    expect(figures({ retry: { budget: false } }).outage).toEqual({
      burst: Never,
      burstAfterTimeouts: Never,
      longRunAttemptsPerCall: 3,
    });
  });

  test('nothing further is sent in an outage where nothing is retried', () => {
    expect(figures({ retry: false }).outage).toEqual({
      burst: 0,
      burstAfterTimeouts: 0,
      longRunAttemptsPerCall: 1,
    });
  });

  test('hedges without retries draw from the budget of the defaults', () => {
    expect(figures({ retry: false, hedge: {} }).outage).toMatchObject({ burst: 10, burstAfterTimeouts: 10 });
  });

  test('a budget pays for whole retries, tenths included', () => {
    const budget = { maxTokens: 1, retryCost: 0.1, timeoutCost: 0.3 };
    expect(figures({ retry: { budget } }).outage).toMatchObject({ burst: 10, burstAfterTimeouts: 3 });
  });

  test('retries without end are counted, not waited for', () => {
    const retry = { maxRetries: Never, baseDelayMs: 0, maxDelayMs: 0 };
    expect(figures({ attemptTimeoutMs: 1, retry })).toMatchObject({
      waitsMs: 0,
      allAttemptsMs: Never,
      retriesInTime: 30_000 - 1,
      longestAnswerMs: 30_000,
    });
    const many = figures({ attemptTimeoutMs: 100, totalTimeoutMs: false, retry: { maxRetries: 1e9 } });
    expect(many.retriesInTime).toBe(1e9);
  });

  test('nothing bounds a call without timeouts', () => {
    expect(figures({ totalTimeoutMs: false, attemptTimeoutMs: false })).toMatchObject({
      longestCallMs: Never,
      longestAnswerMs: Never,
      allAttemptsMs: Never,
      retriesInTime: 0,
    });
  });

  test('the traffic has calls under way, attempts in the window and a time to trip', () => {
    expect(figures({}, { callsPerSecond: 2, latencyMs: 250 }).traffic).toEqual({
      callsUnderWay: 0.5,
      attemptsPerWindow: 30,
      tripAfterMs: 5_000,
    });
  });
});

describe('what is found:', () => {
  const soon = { circuitBreaker: { consecutiveFailures: false as const } };

  test.each<[FindingCode, Severity, PolicySet, Traffic | undefined, Record<string, number>, string]>([
    [
      'RETRIES_CANNOT_FIT',
      'warning',
      { totalTimeoutMs: 5_000, attemptTimeoutMs: 3_000, retry: { maxRetries: 2 } },
      undefined,
      {
        attempts: 3,
        attemptTimeoutMs: 3_000,
        waitsMs: 600,
        allAttemptsMs: 9_600,
        totalTimeoutMs: 5_000,
        retriesInTime: 1,
      },
      'To fit all, lower `attemptTimeoutMs` to 1466 or raise `totalTimeoutMs` to 9600.',
    ],
    [
      'RETRIES_CANNOT_FIT',
      'warning',
      { retry: { maxElapsedMs: 9_000 } },
      undefined,
      { maxElapsedMs: 9_000, retriesInTime: 0 },
      'Lower `attemptTimeoutMs` or raise `retry.maxElapsedMs`.',
    ],
    [
      'RETRY_CUT_SHORT',
      'info',
      {},
      undefined,
      { attempts: 3, allAttemptsMs: 30_600, totalTimeoutMs: policyDefaults.totalTimeoutMs },
      'lower `attemptTimeoutMs` to 9800',
    ],
    [
      'NO_TIME_OUT',
      'warning',
      { totalTimeoutMs: false, attemptTimeoutMs: false },
      undefined,
      { totalTimeoutMs: Never },
      'Set `attemptTimeoutMs`',
    ],
    ['HEDGE_TOO_LATE', 'error', { hedge: { afterMs: 10_000 } }, undefined, { afterMs: 10_000 }, 'Lower it.'],
    [
      'HEDGE_OF_UNSAFE',
      'warning',
      { hedge: {}, retry: { idempotent: true } },
      undefined,
      { maxHedges: 1 },
      '`hedge: false`',
    ],
    [
      'CIRCUIT_CANNOT_TRIP',
      'error',
      { circuitBreaker: { failureRatio: false, consecutiveFailures: false } },
      undefined,
      {},
      'Set one',
    ],
    [
      'CIRCUIT_CANNOT_TRIP',
      'error',
      { ...soon, retry: false },
      { callsPerSecond: 0.5 },
      { callsPerSecond: 0.5, windowMs: 10_000, attemptsPerWindow: 5, minimumThroughput: 20 },
      'Lower `minimumThroughput` to 5 or less, or raise `windowMs` to 40000 or more, or give `consecutiveFailures`.',
    ],
    [
      'RATIO_CANNOT_TRIP',
      'warning',
      { retry: false },
      { callsPerSecond: 1.5 },
      { attemptsPerWindow: 15 },
      'Lower `minimumThroughput` to 15 or less, or raise `windowMs` to 13334 or more.',
    ],
    [
      'CIRCUIT_SLOW_TO_TRIP',
      'warning',
      { circuitBreaker: { failureRatio: false } },
      { callsPerSecond: 0.5 },
      { consecutiveFailures: 10, minimumSilenceMs: 2_000, tripAfterMs: 20_000 },
      'Lower `consecutiveFailures` to 5.',
    ],
    [
      'CIRCUIT_SLOW_TO_TRIP',
      'warning',
      { circuitBreaker: { failureRatio: false, minimumSilenceMs: 60_000 } },
      { callsPerSecond: 50 },
      { tripAfterMs: 60_000 },
      'Lower `minimumSilenceMs`.',
    ],
    [
      'CIRCUIT_SLOW_TO_TRIP',
      'warning',
      {},
      { callsPerSecond: 0.1 },
      { tripAfterMs: 100_000 },
      'set `circuitBreaker: false`',
    ],
    [
      'BULKHEAD_TOO_SMALL',
      'error',
      { bulkhead: { maxConcurrent: 10 } },
      { callsPerSecond: 100, latencyMs: 200 },
      { callsUnderWay: 20, maxConcurrent: 10 },
      'Raise `bulkhead.maxConcurrent` to 30.',
    ],
    [
      'BULKHEAD_NEARLY_FULL',
      'warning',
      { bulkhead: { maxConcurrent: 22 } },
      { callsPerSecond: 100, latencyMs: 200 },
      { callsUnderWay: 20, maxConcurrent: 22 },
      'Raise `bulkhead.maxConcurrent` to 30.',
    ],
    [
      'CONCURRENCY_LIMIT_TOO_LOW',
      'error',
      { concurrencyLimit: { maxLimit: 10 } },
      { callsPerSecond: 100, latencyMs: 200 },
      { callsUnderWay: 20, maxLimit: 10 },
      'Raise it to 30',
    ],
    [
      'RATE_LIMIT_TOO_LOW',
      'error',
      { rateLimit: { perSecond: 20 } },
      { callsPerSecond: 30 },
      { perSecond: 20, callsPerSecond: 30 },
      'Raise it',
    ],
    [
      'LAYERS_MULTIPLY',
      'info',
      {},
      { layers: 2 },
      { layers: 2, attemptsPerCall: 3, attemptsAcrossLayers: 9 },
      '`retry: false` in the others',
    ],
    [
      'LAYERS_MULTIPLY',
      'warning',
      { retry: { budget: false } },
      { layers: 2 },
      { attemptsAcrossLayers: 9 },
      'Leave out `budget: false`',
    ],
    [
      'ATTEMPT_OVER_TOTAL',
      'warning',
      { attemptTimeoutMs: 9_000, totalTimeoutMs: 5_000 },
      undefined,
      { attemptTimeoutMs: 9_000, totalTimeoutMs: 5_000 },
      'Lower the first',
    ],
    [
      'NO_TIME_TO_RETRY',
      'warning',
      { attemptTimeoutMs: 5_000, totalTimeoutMs: 5_000 },
      undefined,
      { totalTimeoutMs: 5_000 },
      'Lower `attemptTimeoutMs`.',
    ],
    [
      'PAUSE_WITHOUT_RETRY_AFTER',
      'warning',
      { hostPause: {}, retry: { respectRetryAfter: false } },
      undefined,
      {},
      'Leave out either.',
    ],
    ['NO_RATE', 'error', { rateLimit: {} }, undefined, {}, 'Set one.'],
    [
      'SLOW_AFTER_TIMEOUT',
      'warning',
      { circuitBreaker: { slowCallMs: 10_000 } },
      undefined,
      { slowCallMs: 10_000, attemptTimeoutMs: 10_000 },
      'Lower the first.',
    ],
    [
      'BUDGET_TOO_SMALL',
      'warning',
      { retry: { budget: { maxTokens: 1 } } },
      undefined,
      { maxTokens: 1, timeoutCost: 2 },
      'Raise the first.',
    ],
    [
      'NO_JITTER',
      'warning',
      { retry: { jitter: 'none', backoff: 'constant' } },
      undefined,
      {},
      'Set `retry.jitter`.',
    ],
    ['NO_BUDGET', 'warning', { retry: { budget: false } }, undefined, { maxRetries: 2 }, 'Leave out'],
    [
      'ENDLESS',
      'error',
      { totalTimeoutMs: false, retry: { maxRetries: Never } },
      undefined,
      { maxRetries: Never },
      'Bound either.',
    ],
  ])('%s, a case for %s', (code, severity, policy, traffic, numbers, suggestion) => {
    const finding = found(code, policy, traffic);
    expect(finding).toMatchObject({ severity, code, where: 'policy', numbers });
    expect(finding?.suggestion).toContain(suggestion);
  });

  test('what follows the suggestion is found no more', () => {
    const retry = { maxRetries: 2 };
    expect(codes({ totalTimeoutMs: 5_000, attemptTimeoutMs: 1_466, retry })).toEqual([]);
    expect(codes({ totalTimeoutMs: 9_600, attemptTimeoutMs: 3_000, retry })).toEqual([]);
    const hedge = { afterMs: 200 };
    const { suggestion } = found('RETRIES_CANNOT_FIT', {
      totalTimeoutMs: 3_000,
      attemptTimeoutMs: 2_000,
      hedge,
    })!;
    const attemptTimeoutMs = Number(/`attemptTimeoutMs` to (\d+)/.exec(suggestion)?.[1]);
    expect(codes({ totalTimeoutMs: 3_000, attemptTimeoutMs, hedge })).toEqual([]);
    const fewCalls = { callsPerSecond: 0.5 };
    expect(
      codes({ circuitBreaker: { ...soon.circuitBreaker, minimumThroughput: 5 }, retry: false }, fewCalls),
    ).toEqual([]);
  });

  test('retries count towards what the circuit sees, as far as the budget goes', () => {
    expect(found('CIRCUIT_CANNOT_TRIP', soon, { callsPerSecond: 1 })).toBeUndefined();
    expect(found('CIRCUIT_CANNOT_TRIP', soon, { callsPerSecond: 0.9 })).toBeDefined();
  });

  test.each<[PolicySet, string]>([
    [{ hedge: {}, retry: { methods: ['GET', 'PUT'] } }, '`retry.methods` has PUT'],
    [{ hedge: {}, idempotencyKey: 'auto' }, '`idempotencyKey` gives every call a key'],
    [{ hedge: {}, retry: { idempotent: true } }, '`retry.idempotent` declares'],
  ])('a hedge of unsafe methods says by what it came: %#', (policy, problem) => {
    expect(found('HEDGE_OF_UNSAFE', policy)?.problem).toContain(problem);
  });

  test.each<PolicySet>([
    { hedge: {} },
    { hedge: {}, retry: { methods: ['GET', 'OPTIONS'] } },
    { retry: { idempotent: true } },
  ])('but no hedge of unsafe methods in %j', policy => {
    expect(codes(policy)).not.toContain('HEDGE_OF_UNSAFE');
  });

  test('nothing worth a warning in the defaults, with traffic or without', () => {
    expect(codes({})).toEqual(['RETRY_CUT_SHORT']);
    expect(codes({}, { callsPerSecond: 50, latencyMs: 100 })).toEqual(['RETRY_CUT_SHORT']);
  });

  test('the worst comes first', () => {
    const severities = checkPolicy({ rateLimit: {}, retry: { budget: false } }).findings.map(
      ({ severity }) => severity,
    );
    expect(severities).toEqual(['error', 'warning', 'info']);
  });
});

describe('hosts', () => {
  test('each has its figures, and of what is found only what is not said of all', () => {
    const { policies } = checkPolicy({
      retry: { budget: false },
      hosts: { 'a.test': { retry: { maxRetries: 0 } }, 'b.test': { rateLimit: {} } },
    });
    expect(
      policies.map(({ where, figures, findings }) => [where, figures.attemptsPerCall, findings.length]),
    ).toEqual([
      ['policy', 3, 2],
      ["hosts['a.test']", 1, 0],
      ["hosts['b.test']", 3, 1],
    ]);
  });

  test('the same trouble with other numbers is said again', () => {
    const { findings } = checkPolicy({
      totalTimeoutMs: 5_000,
      hosts: { 'a.test': { totalTimeoutMs: 4_000 }, 'b.test': {} },
    });
    expect(findings.map(({ where, code }) => [where, code])).toEqual([
      ['policy', 'RETRIES_CANNOT_FIT'],
      ["hosts['a.test']", 'RETRIES_CANNOT_FIT'],
    ]);
  });

  test('a pattern has what less specific ones say, and nothing of more specific ones', () => {
    const { policies } = checkPolicy({
      hosts: {
        'https://pay.a.test': { retry: { maxRetries: 7 } },
        '*.a.test': { retry: { maxRetries: 4 } },
        'pay.a.test': { totalTimeoutMs: 8_000 },
        '[::1]:8080': { retry: false },
      },
    });
    const attempts = Object.fromEntries(
      policies.map(({ where, figures }) => [where, [figures.attemptsPerCall, figures.longestCallMs]]),
    );
    expect(attempts).toEqual({
      policy: [3, 30_000],
      "hosts['*.a.test']": [5, 30_000],
      "hosts['pay.a.test']": [5, 8_000],
      "hosts['https://pay.a.test']": [8, 8_000],
      "hosts['[::1]:8080']": [1, 30_000],
    });
  });
});

describe('what will not do is refused', () => {
  test.each<[unknown, unknown, string]>([
    [{ retry: { maxRetries: -1 } }, {}, '`retry.maxRetries` should be a whole number of at least 0'],
    [{ hosts: { 'a.test': { retri: {} } } }, {}, "Unknown option `hosts['a.test'].retri`"],
    [{}, { layers: 0 }, '`traffic.layers` should be a whole number from 1 to 20, got 0.'],
    [{}, { callsPerSecond: 0 }, '`traffic.callsPerSecond` should be a number of at least 0.000001, got 0.'],
    [{}, { latencyMs: '5' }, '`traffic.latencyMs` should be a number of at least 0 (milliseconds), got "5".'],
    [{}, { latency: 5 }, 'Unknown option `traffic.latency`. Did you mean `latencyMs`?'],
  ])('%j with %j', (policy, traffic, message) => {
    expect(() => checkPolicy(policy as PolicySet, traffic as Traffic)).toThrow(message);
  });
});
