/**
 * What a policy file may say, as a schema. It holds to the same names and bounds as the options' own checks, which a
 * test compares; the words are written here a second time because a file has no functions and says `Infinity` as text.
 */
import * as z from 'zod';
import { MAX_TIMER_MS } from '../pipeline/clock.ts';
import { bulkheadDefaults, priorities } from '../policies/bulkhead/limits.ts';
import { cacheDefaults } from '../policies/cache/options.ts';
import { circuitBreakerDefaults } from '../policies/circuit-breaker/limits.ts';
import { coalesceDefaults } from '../policies/coalesce/coalesce.ts';
import { concurrencyLimitDefaults } from '../policies/concurrency-limit/limits.ts';
import { deadlineHeadersDefaults } from '../policies/deadline-headers.ts';
import { originPattern } from '../policies/endpoints.ts';
import { fallbackCodes, fallbackDefaults, fallbackName, httpUrl } from '../policies/fallback/options.ts';
import { hedgeDefaults } from '../policies/hedge/options.ts';
import { hostPauseDefaults } from '../policies/host-pause.ts';
import { policyDefaults } from '../policies/policy-options.ts';
import { rateLimitDefaults } from '../policies/rate-limit/limits.ts';
import { retryBudgetDefaults } from '../policies/retry/budget.ts';
import { retryDefaults } from '../policies/retry/rules.ts';
import { throttleDefaults } from '../policies/throttle.ts';

/** One way in which a value may be given, and how that reads in a message. */
interface Way {
  readonly schema: z.ZodType;
  readonly says: string;
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

const ranged = (what: string, type: () => z.ZodNumber, unit: string) => {
  return ({ min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {}): Way => {
    const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    return { schema: type().min(min).max(max), says: `${what} ${bounds}${unit}` };
  };
};

const integer = ranged('a whole number', () => z.int(), '');
const number = ranged('a number', () => z.number(), '');
const duration = ranged('a number', () => z.number(), ' (milliseconds)');

/** Stays text here: a schema that transforms has no defaults to show to editors. */
const unlimited: Way = { schema: z.literal('Infinity'), says: '"Infinity"' };
const off: Way = { schema: z.literal(false), says: 'false' };
const flag: Way = { schema: z.boolean(), says: 'true or false' };

const oneOf = (...values: string[]): Way => ({
  schema: z.enum(values),
  says: `one of ${values.map(value => JSON.stringify(value)).join(', ')}`,
});

const listOf = (item: Way): Way => ({ schema: z.array(item.schema), says: `a list, each ${item.says}` });

const method: Way = {
  schema: z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Z-]+$/),
  says: 'a method in capitals, such as "PUT"',
};

const url: Way = {
  schema: z.string().regex(httpUrl),
  says: 'an absolute URL of http or https',
};

const failures: Way = {
  schema: z.array(z.union([z.int().min(400).max(599), z.enum(fallbackCodes)])).min(1),
  says: 'a list of statuses and codes that is not empty',
};

interface Option {
  readonly schema: z.ZodType;
  readonly says: string;
}

type Options = Readonly<Record<string, Option>>;

/** What is allowed is said by the ways together. `defaultValue` is for editors alone: what is left out stays out. */
function option(description: string, defaultValue: unknown, ...ways: [Way, ...Way[]]): Option {
  const says = ways.map(way => way.says);
  const meta = {
    description,
    ...(defaultValue !== undefined && {
      default: defaultValue === Number.POSITIVE_INFINITY ? 'Infinity' : defaultValue,
    }),
  };
  const [first, ...others] = ways.map(way => way.schema) as [z.ZodType, ...z.ZodType[]];
  const schema = others.length === 0 ? first : z.union([first, ...others]);
  return {
    schema: schema.meta(meta).optional(),
    says: says.length > 1 ? `${says.slice(0, -1).join(', ')} or ${says.at(-1)}` : says.join(),
  };
}

/** An option that cannot be left out. */
const needed = (description: string, { schema, says }: Way): Option => ({
  schema: schema.meta({ description }),
  says,
});

const shapeOf = (options: Options): Record<string, z.ZodType> =>
  Object.fromEntries(Object.entries(options).map(([name, { schema }]) => [name, schema]));

/** A part of the policy: its options, or false for none of it. */
function part(description: string, options: Options): Option {
  return option(description, undefined, { schema: z.strictObject(shapeOf(options)), says: 'an object' }, off);
}

const budgetOptions: Options = {
  maxTokens: option(
    'Tokens that a full budget holds; it starts full.',
    retryBudgetDefaults.maxTokens,
    number({ min: 1 }),
  ),
  retryCost: option('Tokens for one retry.', retryBudgetDefaults.retryCost, number({ min: 0.001 })),
  timeoutCost: option(
    'Tokens for a retry of an attempt that timed out.',
    retryBudgetDefaults.timeoutCost,
    number({ min: 0.001 }),
  ),
  successRefill: option(
    'Tokens that a call which succeeds at its first attempt puts in.',
    retryBudgetDefaults.successRefill,
    number(),
  ),
};

const retryOptions: Options = {
  maxRetries: option('Attempts in addition to the first.', retryDefaults.maxRetries, integer(), unlimited),
  methods: option(
    'Methods that are repeated without an Idempotency-Key, in capitals.',
    retryDefaults.methods,
    listOf(method),
  ),
  idempotent: option(
    'Declares every call under this policy idempotent: sending it twice has the effect of once.',
    retryDefaults.idempotent,
    flag,
  ),
  statuses: option(
    'Statuses that may pass by themselves.',
    retryDefaults.statuses,
    listOf(integer({ min: 400, max: 599 })),
  ),
  unsent: option(
    'Also repeats calls that are not repeatable when the attempt provably never left.',
    retryDefaults.unsent,
    flag,
  ),
  maxBufferedBytes: option(
    'A body that can be sent once is read into memory first, if it has no more than so many bytes.',
    retryDefaults.maxBufferedBytes,
    integer(),
  ),
  maxElapsedMs: option(
    'No retry starts later than this many milliseconds after the call began.',
    retryDefaults.maxElapsedMs,
    duration(),
    unlimited,
  ),
  respectRetryAfter: option(
    'Whether Retry-After and the reset of a rate limit are obeyed.',
    retryDefaults.respectRetryAfter,
    flag,
  ),
  backoff: option(
    'How the delay grows from retry to retry: doubling, by the base delay each time, or not at all.',
    retryDefaults.backoff,
    oneOf('exponential', 'linear', 'constant'),
  ),
  baseDelayMs: option(
    'The first delay before jitter, in milliseconds.',
    retryDefaults.baseDelayMs,
    duration({ max: MAX_TIMER_MS }),
  ),
  maxDelayMs: option(
    'Longest delay before jitter, in milliseconds. Does not shorten what a server asks for.',
    retryDefaults.maxDelayMs,
    duration({ max: MAX_TIMER_MS }),
  ),
  jitter: option(
    'Randomness: anywhere from 0 to the delay, from half of it to the whole, or none.',
    retryDefaults.jitter,
    oneOf('full', 'equal', 'none'),
  ),
  budget: part('The allowance of the host that retries draw from.', budgetOptions),
};

const hedgeOptions: Options = {
  afterMs: option(
    'Starts another attempt after this many milliseconds; with a quantile as long as there are too few samples.',
    undefined,
    duration({ min: 1, max: MAX_TIMER_MS }),
  ),
  quantile: option(
    'Starts another attempt when this share of the attempts to the host has been answered by then, unless a delay is given.',
    hedgeDefaults.quantile,
    number({ min: 0.5, max: 0.99 }),
  ),
  maxHedges: option(
    'How many may be started beside one attempt, each after as long again.',
    hedgeDefaults.maxHedges,
    integer({ min: 1, max: 10 }),
  ),
};

const origin = z.string().regex(originPattern);
const origins: Way = { schema: z.array(origin).min(1), says: 'a list of origins' };
const weightedOrigins: Way = {
  schema: z.array(z.strictObject({ url: origin, weight: z.number().min(0.001) })).min(1),
  says: 'a list of { url, weight }',
};

const headerName: Way = {
  schema: z.string().regex(/^(?!Infinity$)[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
  says: 'the name of a header',
};

const deadlineHeadersOptions: Options = {
  timeoutHeader: option(
    'The header that says how many milliseconds are left to the whole call.',
    deadlineHeadersDefaults.timeoutHeader,
    headerName,
    off,
  ),
  attemptHeader: option(
    'The header that says which attempt it is, 1 for the first.',
    deadlineHeadersDefaults.attemptHeader,
    headerName,
    off,
  ),
};

const hostPauseOptions: Options = {
  after429s: option(
    'How many 429 answers in a row pause the host.',
    hostPauseDefaults.after429s,
    integer({ min: 1 }),
  ),
  maxWaiting: option(
    'How many calls may wait for the end of the pause; the rest fail at once.',
    hostPauseDefaults.maxWaiting,
    integer(),
    unlimited,
  ),
  jitterMs: option(
    'Waiting calls start again at random within this many milliseconds after the pause.',
    hostPauseDefaults.jitterMs,
    duration({ max: MAX_TIMER_MS }),
  ),
  maxPauseMs: option(
    'Longest pause in milliseconds, however much later the host asks us to come back.',
    hostPauseDefaults.maxPauseMs,
    duration({ min: 1 }),
    unlimited,
  ),
};

const circuitBreakerOptions: Options = {
  consecutiveFailures: option(
    'Opens after this many failures in a row, if there has been no success for minimumSilenceMs either.',
    circuitBreakerDefaults.consecutiveFailures,
    integer({ min: 1 }),
    off,
  ),
  minimumSilenceMs: option(
    'How long, in milliseconds, no attempt may have succeeded before failures in a row open the circuit.',
    circuitBreakerDefaults.minimumSilenceMs,
    duration(),
  ),
  failureRatio: option(
    'Opens when at least this share of the attempts completed in the window failed.',
    circuitBreakerDefaults.failureRatio,
    number({ min: 0.000_001, max: 1 }),
    off,
  ),
  minimumThroughput: option(
    'Completed attempts in the window below which failureRatio is not looked at.',
    circuitBreakerDefaults.minimumThroughput,
    integer({ min: 1 }),
  ),
  windowMs: option(
    'Length of the window in milliseconds. It moves in tenths.',
    circuitBreakerDefaults.windowMs,
    duration({ min: 10, max: MAX_TIMER_MS }),
  ),
  openMs: option(
    'How long, in milliseconds, an open circuit refuses before it lets a probe through.',
    circuitBreakerDefaults.openMs,
    duration({ min: 1, max: MAX_TIMER_MS }),
  ),
  openJitterRatio: option(
    'By how much the open time varies at random: 0.2 is ± 20 %.',
    circuitBreakerDefaults.openJitterRatio,
    number({ max: 1 }),
  ),
  openGrowth: option(
    'Factor on the open time for each failed probe since the circuit opened.',
    circuitBreakerDefaults.openGrowth,
    number({ min: 1 }),
  ),
  maxOpenMs: option(
    'Longest open time in milliseconds that growth may reach, before jitter.',
    circuitBreakerDefaults.maxOpenMs,
    duration({ min: 1, max: MAX_TIMER_MS }),
  ),
  halfOpenProbes: option(
    'Probes let through at once when half-open; as many successes close the circuit.',
    circuitBreakerDefaults.halfOpenProbes,
    integer({ min: 1 }),
  ),
  probeLeaseMs: option(
    'How long, in milliseconds, probes may take before others are let through in their place.',
    circuitBreakerDefaults.probeLeaseMs,
    duration({ min: 1 }),
  ),
  slowCallMs: option(
    'An attempt without its response headers after this many milliseconds counts as failed at that instant.',
    circuitBreakerDefaults.slowCallMs,
    duration({ min: 1, max: MAX_TIMER_MS }),
    off,
  ),
};

const throttleOptions: Options = {
  factor: option(
    'How many attempts may be sent for each that the host accepts; what is beyond is refused by chance.',
    throttleDefaults.factor,
    number({ min: 1 }),
  ),
  windowMs: option(
    'Over how long attempts are counted, in milliseconds.',
    throttleDefaults.windowMs,
    duration({ min: 10, max: MAX_TIMER_MS }),
  ),
  maxRejectionRatio: option(
    'Largest share that is refused.',
    throttleDefaults.maxRejectionRatio,
    number({ max: 1 }),
  ),
};

const concurrencyLimitOptions: Options = {
  algorithm: option(
    'No limit until the host shows that it is overloaded, or a limit at all times by the gradient of latency.',
    concurrencyLimitDefaults.algorithm,
    oneOf('aimd', 'gradient'),
  ),
  minLimit: option(
    'Attempts under way at once that are always allowed.',
    concurrencyLimitDefaults.minLimit,
    integer({ min: 1 }),
  ),
  maxLimit: option(
    'Attempts under way at once that are allowed at most.',
    concurrencyLimitDefaults.maxLimit,
    integer({ min: 1 }),
    unlimited,
  ),
  initialLimit: option('Where the limit begins.', concurrencyLimitDefaults.initialLimit, integer({ min: 1 })),
  overloadRatio: option(
    'Share of the recent attempts that show overload above which the limit is cut.',
    concurrencyLimitDefaults.overloadRatio,
    number({ max: 1 }),
  ),
  backoffRatio: option(
    'What is left of the limit when the host turns attempts away.',
    concurrencyLimitDefaults.backoffRatio,
    number({ min: 0.01, max: 0.99 }),
  ),
  backoffIntervalMs: option(
    'Shortest time between two cuts, in milliseconds.',
    concurrencyLimitDefaults.backoffIntervalMs,
    duration(),
  ),
  queueRatio: option(
    'Attempts that may wait for others to end, as a multiple of the limit; the rest is refused at once.',
    concurrencyLimitDefaults.queueRatio,
    number(),
  ),
  maxQueueMs: option(
    'Longest wait for others to end, in milliseconds.',
    concurrencyLimitDefaults.maxQueueMs,
    duration({ max: MAX_TIMER_MS }),
  ),
};
const bulkheadOptions: Options = {
  maxConcurrent: option(
    'How many calls to the host may be under way at once, until the bodies of their responses have ended.',
    bulkheadDefaults.maxConcurrent,
    integer({ min: 1 }),
    unlimited,
  ),
  maxQueued: option(
    'How many calls may wait for their turn; the rest are refused at once.',
    bulkheadDefaults.maxQueued,
    integer(),
    unlimited,
  ),
  maxOvertakes: option(
    'How many more important calls may go ahead of the one that has waited longest among the less important.',
    bulkheadDefaults.maxOvertakes,
    integer({ min: 1 }),
  ),
};

const rateLimitOptions: Options = {
  perSecond: option(
    'How many requests per second may go to the host in the long run, retries included.',
    rateLimitDefaults.perSecond,
    number({ min: 0.000_001 }),
    unlimited,
  ),
  burst: option(
    'How many may go at once after a time of rest; a tenth of perSecond, at least 1, if left out.',
    undefined,
    integer({ min: 1 }),
  ),
  maxWaiting: option(
    'How many requests may wait until they may go; the rest fail at once.',
    rateLimitDefaults.maxWaiting,
    integer(),
    unlimited,
  ),
  adaptive: option(
    'Whether to hold to what the host says is left, in RateLimit, RateLimit-Policy and X-RateLimit-*.',
    rateLimitDefaults.adaptive,
    oneOf('headers'),
    off,
  ),
};

const fallbackCommon: Options = {
  name: option('What the fallback is called where it is told of.', fallbackDefaults.name, {
    // That text stands for a number.
    schema: z.string().regex(new RegExp(`^(?!Infinity$)${fallbackName.source.slice(1)}`)),
    says: 'a text of visible ASCII characters',
  }),
  onlyFor: option('Which failures: codes of errors, and statuses from 400 to 599.', undefined, failures),
  maxMs: option(
    'How long, in milliseconds, there may be no answer from it.',
    fallbackDefaults.maxMs,
    duration({ min: 1, max: MAX_TIMER_MS }),
  ),
};

/** What answers in place of the service: one of them has to be there. */
const fallbackSources: Options = {
  value: needed('What is answered as JSON.', { schema: z.any(), says: 'anything that JSON can hold' }),
  call: needed('The URL of a call that answers, under the policy of its own host.', url),
};

const fallbackOptions: Options = { ...fallbackSources, ...fallbackCommon };

const fallbackBy = (name: 'value' | 'call'): Way => ({
  schema: z.strictObject(shapeOf({ [name]: fallbackSources[name] as Option, ...fallbackCommon })),
  says: `an object with \`${name}\``,
});

const coalesceOptions: Options = {
  maxBufferedBytes: option(
    'How many bytes of a shared body are kept for whoever reads it most slowly.',
    coalesceDefaults.maxBufferedBytes,
    integer(),
  ),
};

const cacheOptions: Options = {
  staleIfErrorMs: option(
    'How long past its freshness, in milliseconds, an answer may stand in for a call that failed.',
    cacheDefaults.staleIfErrorMs,
    duration(),
    off,
  ),
  staleWhileRevalidateMs: option(
    'How long past its freshness, in milliseconds, an answer may be given while another is asked for.',
    cacheDefaults.staleWhileRevalidateMs,
    duration(),
    off,
  ),
  staleOnOpenCircuit: option(
    'Whether any answer that is still kept stands in while the circuit of its host is open.',
    cacheDefaults.staleOnOpenCircuit,
    flag,
  ),
};

const policyOptions: Options = {
  totalTimeoutMs: option(
    'Longest time of a whole call in milliseconds: every attempt, every wait between them, and the body.',
    policyDefaults.totalTimeoutMs,
    duration({ min: 1, max: MAX_TIMER_MS }),
    unlimited,
    off,
  ),
  attemptTimeoutMs: option(
    'Longest time of one attempt, until its response headers, in milliseconds.',
    policyDefaults.attemptTimeoutMs,
    duration({ min: 1, max: MAX_TIMER_MS }),
    unlimited,
    off,
  ),
  leaseMs: option(
    'How long, in milliseconds, the policies wait for somebody to begin reading a response.',
    policyDefaults.leaseMs,
    duration({ max: MAX_TIMER_MS }),
    unlimited,
  ),
  idempotencyKey: option(
    'Makes an Idempotency-Key for calls that are not safe and have none. Only for hosts that honour such keys.',
    policyDefaults.idempotencyKey,
    oneOf('auto'),
    off,
  ),
  priority: option(
    'How much calls matter: in the queue of the bulkhead the more important go first.',
    policyDefaults.priority,
    oneOf(...priorities),
  ),
  bulkhead: part('Caps the calls to a host that are under way at once.', bulkheadOptions),
  rateLimit: part('Keeps the requests to a host within a rate.', rateLimitOptions),
  nestedGuard: option(
    "Whether a call that is made within an attempt of another keeps to that one's deadline and budget.",
    policyDefaults.nestedGuard,
    flag,
  ),
  deadlineHeaders: part(
    'Tells the service how long its answer is waited for, and which attempt it is.',
    deadlineHeadersOptions,
  ),
  fallback: option(
    'Answers when the call has failed.',
    undefined,
    fallbackBy('value'),
    fallbackBy('call'),
    off,
  ),
  coalesce: option(
    'Lets identical calls that are under way at the same time share one request.',
    undefined,
    { schema: z.strictObject(shapeOf(coalesceOptions)), says: 'an object' },
    flag,
  ),
  cache: part('Answers from what was kept. The client needs a cacheStore.', cacheOptions),
  retry: part('Repeats transient outcomes of repeatable calls.', retryOptions),
  hedge: part('Starts another attempt beside one that takes long. Repeatable calls only.', hedgeOptions),
  endpoints: option(
    'Other origins of the same service, in order or by weight. Of a host, not of all.',
    undefined,
    origins,
    weightedOrigins,
    off,
  ),
  hostPause: part('Leaves a host alone for as long as it asks.', hostPauseOptions),
  circuitBreaker: part(
    'Refuses calls to a host that has failed until a probe succeeds.',
    circuitBreakerOptions,
  ),
  throttle: part('Refuses attempts by chance when the host accepts too few.', throttleOptions),
  concurrencyLimit: part('Sends no more at once than an overloaded host can serve.', concurrencyLimitOptions),
};

const hostPolicy = z
  .strictObject(shapeOf(policyOptions))
  .meta({ id: 'HostPolicy', description: 'What differs for the hosts that the pattern matches.' });

const fileOptions: Options = {
  $schema: option('Where editors find the schema of this file.', undefined, {
    schema: z.string(),
    says: 'text',
  }),
  ...policyOptions,
  hosts: option(
    "What differs by host: 'payments.internal', 'payments.internal:8443', 'https://payments.internal', '*.search.internal'.",
    undefined,
    { schema: z.record(z.string(), hostPolicy), says: 'an object' },
  ),
};

/** A whole policy file. */
export const policyFileSchema: z.ZodType = z
  .strictObject(shapeOf(fileOptions))
  .meta({ title: 'Holdfast policy', description: 'How outgoing HTTP calls are treated.' });

/** The options that may stand in each part, by its path within a policy; the empty path is the policy of a host. */
const parts: Readonly<Record<string, Options>> = {
  '': policyOptions,
  fallback: fallbackOptions,
  coalesce: coalesceOptions,
  cache: cacheOptions,
  retry: retryOptions,
  'retry.budget': budgetOptions,
  bulkhead: bulkheadOptions,
  rateLimit: rateLimitOptions,
  hedge: hedgeOptions,
  deadlineHeaders: deadlineHeadersOptions,
  hostPause: hostPauseOptions,
  circuitBreaker: circuitBreakerOptions,
  throttle: throttleOptions,
  concurrencyLimit: concurrencyLimitOptions,
};

/** What may stand at a path of a file: how that reads, and by which names it can go on from there. */
export interface Allowed {
  readonly says: string;
  readonly names: readonly string[];
}

export function allowedAt(path: readonly PropertyKey[]): Allowed {
  if (path.length === 0) return { says: 'an object', names: Object.keys(fileOptions) };
  const steps = path[0] === 'hosts' && path.length > 1 ? path.slice(2) : path;
  const names = steps.filter(step => typeof step === 'string');
  const isItem = names.length < steps.length;
  const within = parts[names.slice(0, -1).join('.')] ?? {};
  const option = within[names.at(-1) ?? ''] ?? fileOptions[String(names.at(-1))];
  const says = names.length === 0 ? 'an object' : (option?.says ?? 'something else');
  return {
    says: isItem ? says.replace(/^a list, each /, '') : says,
    names: Object.keys(parts[names.join('.')] ?? {}),
  };
}

/** The schema for editors (JSON Schema, draft 7, which most of them know best). */
export const jsonSchema = (): Record<string, unknown> =>
  z.toJSONSchema(policyFileSchema, { target: 'draft-7', io: 'input' }) as Record<string, unknown>;
