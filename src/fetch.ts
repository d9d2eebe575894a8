import { CallRecord } from './call-record.ts';
import { ClosedError, HoldfastError, NetworkError } from './errors.ts';
import { stampStory } from './explain.ts';
import { Hosts } from './host-view.ts';
import { HostRegistry } from './hosts/host-registry.ts';
import type { HostState } from './hosts/host-state.ts';
import { type BodyLease, type LeaseEnd, leaseOf } from './http/body-lease.ts';
import type { FetchLike } from './http/fetch-like.ts';
import { redactUrlsIn } from './http/redact.ts';
import type { Call, Runtime } from './pipeline/call.ts';
import {
  type Clock,
  nextTurn,
  type Random,
  systemClock,
  systemRandom,
  type Timer,
} from './pipeline/clock.ts';
import { guarded, type Observer, type WarningEvent } from './pipeline/events.ts';
import { OpenCalls } from './pipeline/open-calls.ts';
import {
  type Checks,
  callback,
  integer,
  listOf,
  oneOf,
  readOptions,
  requireObject,
  show,
  unknownOption,
} from './pipeline/options.ts';
import { type ErrorOutcome, errorOutcome, networkFailure } from './pipeline/outcome.ts';
import { type Handler, type Policy, pipeline, requireResponse } from './pipeline/pipeline.ts';
import { endAttempt } from './policies/attempt.ts';
import { peekCircuit } from './policies/circuit-breaker/circuit.ts';
import { policyChecks, type ResolvedPolicy } from './policies/policy-options.ts';
import { type Plan, PolicyBook, type PolicySet } from './policy-book.ts';
import {
  type CallInit,
  type FetchInput,
  httpUrl,
  isInit,
  isSignal,
  isUsed,
  readRequest,
  signalOf,
  withoutPolicy,
} from './request.ts';
import { type Place, type Spans, standardOrder, standardPolicies } from './standard-order.ts';
import { channels, isUndiciInstrumented } from './telemetry/channels.ts';
import { EventHub, type Listener } from './telemetry/event-hub.ts';
import { consoleLogger, eventLog, type Logger } from './telemetry/logs.ts';
import { eventMetrics, type Observed, observeHosts } from './telemetry/metrics.ts';
import { checkTelemetry, readTelemetryOptions, type TelemetryOptions } from './telemetry/options.ts';
import { spanEvents } from './telemetry/trace.ts';
import { fetchTransport, globalFetch, rememberGlobalFetch } from './transport/fetch-transport.ts';

/** A policy of one's own and its place in the standard order. */
export interface PlacedPolicy {
  readonly policy: Policy;
  /** Directly outside this place: around it and everything within. */
  readonly outside?: Place;
  /** Directly inside this place. */
  readonly inside?: Place;
}

/** A policy that changes while the program runs, such as a file that is watched. */
export interface PolicySource {
  /**
   * The policy as it was when the fetch was made. What was given beside it (another value under the same name) stays
   * when a later version comes.
   */
  readonly policy?: PolicySet;
  /** Hands over each new policy, or why it will not do; returns how to stop. */
  subscribe(onPolicy: (policy: PolicySet) => void, onError: (error: unknown) => void): () => void;
}

export interface FetchOptions extends PolicySet {
  /** What sends a request. By default the global `fetch`, looked up at each attempt. */
  readonly fetch?: FetchLike;
  /** Which calls share a circuit, a budget and a pause. By default those of one origin. */
  readonly hostKey?: (url: URL) => string;
  /**
   * How many hosts are remembered, from 1. Beyond that the least recently used idle one is forgotten.
   * @defaultValue 1_000
   */
  readonly maxHosts?: number;
  /** Hears everything that happens. What it throws breaks nothing. */
  readonly observe?: Observer;
  /**
   * Gets a line per retry, per call that needed recovery, and per change of a host: anything with pino's shape, or
   * `'console'` for lines of JSON there. What it throws breaks nothing.
   */
  readonly logger?: Logger | 'console';
  /**
   * Takes out of a URL what is secret beyond what we know of (credentials, signatures, tokens), wherever one is shown: in
   * spans, logs, events, errors. Gets the URL as it is after our own redaction.
   */
  readonly redact?: (url: string) => string;
  /** What OpenTelemetry is told where an SDK is registered; false for nothing. */
  readonly telemetry?: TelemetryOptions | false;
  /** Policies of one's own, each in its place. Those in one place stand in the order given. */
  readonly policies?: readonly PlacedPolicy[];
  /** The one way to time, for tests. */
  readonly clock?: Clock;
  /** The one way to chance, for tests: a number from 0 (included) to 1 (excluded). */
  readonly random?: Random;
  /** Where later versions of the policy come from, such as `loadPolicy(path, { watch: true })`. */
  readonly source?: PolicySource;
}

/** `fetch`, as the standard says, and what can be seen and done beside it. */
export interface HoldfastFetch {
  (input: FetchInput, init?: CallInit): Promise<Response>;
  /** The hosts that have been called: circuits, budgets, pauses and counters. */
  readonly hosts: Hosts;
  /**
   * Puts another policy in place of the present one, for calls that begin from now on. What the hosts remember stays.
   *
   * @throws TypeError or RangeError if it will not do; the present one stays.
   */
  update(policy: PolicySet): void;
  /** Ends all calls that are open with a `ClosedError`, refuses new ones, and lets go of everything. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

type Settings = Pick<
  FetchOptions,
  | 'fetch'
  | 'hostKey'
  | 'observe'
  | 'logger'
  | 'redact'
  | 'telemetry'
  | 'policies'
  | 'clock'
  | 'random'
  | 'source'
> & {
  readonly maxHosts: number;
};

const settingChecks: Checks<Omit<FetchOptions, keyof PolicySet>> = {
  fetch: callback,
  hostKey: callback,
  maxHosts: integer({ min: 1 }),
  observe: callback,
  logger: checkLogger,
  redact: callback,
  telemetry: checkTelemetry,
  policies: listOf(checkPlaced),
  clock: requireObject,
  random: callback,
  source: requireObject,
};

function checkLogger(value: unknown, name: string): void {
  if (value === 'console') return;
  requireObject(value, name);
  for (const level of ['debug', 'info', 'warn', 'error'] as const)
    callback((value as Record<string, unknown>)[level], `${name}.${level}`);
}

function checkPlaced(value: unknown, name: string): void {
  requireObject(value, name);
  const { policy, outside, inside, ...others } = value as Record<string, unknown>;
  callback(policy, `${name}.policy`);
  const [unknown] = Object.keys(others);
  if (unknown)
    throw new TypeError(`Unknown option \`${name}.${unknown}\`. Known here: policy, outside, inside.`);
  if ((outside === undefined) === (inside === undefined)) {
    throw new TypeError(`\`${name}\` should have either \`outside\` or \`inside\`, got ${show(value)}.`);
  }
  oneOf(...standardOrder)(outside ?? inside, `${name}.${outside === undefined ? 'inside' : 'outside'}`);
}

function besideOf(given: PolicySet, ofSource: PolicySet = given): PolicySet {
  const others = Object.entries(given).filter(([key, value]) => value !== ofSource[key as keyof PolicySet]);
  return Object.fromEntries(others);
}

/** Tells the settings of a client from the policy that it starts with. */
function split(options: FetchOptions): [PolicySet, Omit<FetchOptions, keyof PolicySet>] {
  const policy: Record<string, unknown> = {};
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    if (Object.hasOwn(settingChecks, key)) settings[key] = value;
    else if (key === 'hosts' || Object.hasOwn(policyChecks, key)) policy[key] = value;
    else
      throw unknownOption(key, key, ['hosts', ...Object.keys(policyChecks), ...Object.keys(settingChecks)]);
  }
  return [policy, settings];
}

function listenersOf({ observe, logger, telemetry }: Settings): Listener[] {
  const listeners: Listener[] = [channels];
  if (telemetry !== false) listeners.push(spanEvents, eventMetrics);
  if (observe) listeners.push({ isOn: () => true, hear: guarded(observe) });
  if (logger) listeners.push(eventLog(logger === 'console' ? consoleLogger : logger));
  return listeners;
}

/** Only the global `fetch` is known to stand on undici, which may have an instrumentation of its own. */
function spansOf({ telemetry = {}, fetch }: Settings): Spans | false {
  if (telemetry === false) return false;
  return {
    settings: readTelemetryOptions(telemetry),
    isInstrumented: fetch ? () => false : isUndiciInstrumented,
  };
}

/**
 * A drop-in for `fetch` that retries what may be repeated, within a budget and a deadline, and leaves a failing host
 * alone. An HTTP error status is a response, as with `fetch`.
 *
 * @throws TypeError or RangeError if an option will not do.
 * @example
 * const fetch = createFetch({ hosts: { 'payments.internal': { attemptTimeoutMs: 2_000 } } });
 * const response = await fetch('https://payments.internal/v1/charges/42');
 */
export function createFetch(options: FetchOptions = {}): HoldfastFetch {
  const client = new FetchClient(options);
  // Named and counted as the original, for those who look.
  const fetch = function fetch(input: FetchInput, init: CallInit | undefined = undefined): Promise<Response> {
    return client.fetch(input, init);
  };
  rememberGlobalFetch(fetch);
  return Object.assign(fetch, {
    hosts: client.hosts,
    update: (policy: PolicySet) => client.update(policy),
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  });
}

class FetchClient {
  readonly #settings: Settings;
  readonly #runtime: { -readonly [Key in keyof Runtime]: Runtime[Key] };
  readonly #hub: EventHub;
  readonly #spans: Spans | false;
  readonly #forgetHosts: (() => void) | undefined;
  readonly #registry: HostRegistry;
  readonly #transport: Handler;
  readonly #unsubscribe: (() => void) | undefined;
  /** What was given beside a policy that changes by itself. */
  readonly #beside: PolicySet;
  readonly #observed: Observed;
  #book: PolicyBook;
  #closed = false;
  readonly hosts: Hosts;

  constructor(options: FetchOptions) {
    requireObject(options, '');
    const [policy, settings] = split(options);
    this.#settings = readOptions('', settings, settingChecks, { maxHosts: 1_000 });
    const { fetch, clock = systemClock, random = systemRandom, maxHosts } = this.#settings;
    this.#hub = new EventHub(listenersOf(this.#settings));
    this.#runtime = { clock, random, emit: this.#hub.emit, open: new OpenCalls() };
    this.#transport = fetchTransport(fetch);
    this.#registry = new HostRegistry(maxHosts);
    this.#spans = spansOf(this.#settings);
    this.#observed = { registry: this.#registry, clock };
    this.#forgetHosts = this.#spans ? observeHosts(this.#observed) : undefined;
    this.#book = this.#newBook(policy);
    this.hosts = new Hosts(
      this.#registry,
      this.#runtime,
      host => this.#book.planFor(host).policy,
      url => this.#hostOf(url),
    );
    this.#beside = besideOf(policy, this.#settings.source?.policy);
    this.#unsubscribe = this.#settings.source?.subscribe(
      next => this.#swap(next),
      error => this.#refusePolicy(error),
    );
  }

  fetch(input: FetchInput, init: CallInit | undefined): Promise<Response> {
    // `fetch` never throws, it rejects: also when a getter of the caller's does, or an option will not do.
    try {
      const signal = signalOf(input, init);
      const url = httpUrl(input);
      const isOurs =
        url && isInit(init) && !isUsed(input, init) && (signal === undefined || isSignal(signal));
      if (!isOurs) return this.#sendBare(input, init);
      if (signal?.aborted) return rejectAborted(input, withoutPolicy(init), signal);
      return this.#call(input, init, url, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  update(policy: PolicySet): void {
    this.#book = this.#newBook(policy);
    this.#hub.emit?.({ type: 'policy-updated', error: undefined });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe?.();
    this.#forgetHosts?.();
    this.#runtime.open.closeAll();
    this.#registry.clear();
  }

  #newBook(policy: PolicySet): PolicyBook {
    const book = new PolicyBook(policy, resolved => this.#compile(resolved));
    for (const { code, message } of book.advice) this.#warn({ type: 'warning', code, message });
    return book;
  }

  #swap(policy: PolicySet): void {
    try {
      this.update({ ...policy, ...this.#beside });
    } catch (error) {
      this.#refusePolicy(error);
    }
  }

  #refusePolicy(error: unknown): void {
    this.#hub.emit?.({ type: 'policy-refused', error });
    if (!this.#isHeard)
      console.warn('holdfast: a changed policy will not do and the present one stays.', error);
  }

  /** To the observer if there is one, who asked to hear of everything; else where a program's warnings go. */
  #warn(event: WarningEvent): void {
    this.#hub.emit?.(event);
    if (!this.#isHeard) console.warn(`holdfast: ${event.message} (${event.code})`);
  }

  /** Whether a person will see what is told. */
  get #isHeard(): boolean {
    return this.#settings.observe !== undefined || this.#settings.logger !== undefined;
  }

  #compile(policy: ResolvedPolicy): Handler {
    const standard = standardPolicies(policy, this.#spans);
    const own = this.#settings.policies ?? [];
    const stack = standardOrder.flatMap(place => [
      ...own.filter(placed => placed.outside === place).map(placed => contained(placed.policy)),
      ...(standard[place] ? [standard[place]] : []),
      ...own.filter(placed => placed.inside === place).map(placed => contained(placed.policy)),
    ]);
    return pipeline(stack, this.#transport);
  }

  #hostOf(url: URL): HostState {
    const { hostKey } = this.#settings;
    return this.#registry.use(hostKey ? String(hostKey(url)) : url.origin, url);
  }

  /** What has no business with us: `fetch` answers or complains. */
  async #sendBare(input: FetchInput, init: CallInit | undefined): Promise<Response> {
    const send = this.#settings.fetch ?? globalFetch();
    return send(input, withoutPolicy(init));
  }

  #call(
    input: FetchInput,
    init: CallInit | undefined,
    url: URL,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const runtime = this.#runtime;
    runtime.emit = this.#hub.emit;
    const now = runtime.clock.now();
    if (this.#closed) {
      const { method } = readRequest(input, init, url, { idempotencyKey: false });
      return Promise.reject(
        new ClosedError(new CallRecord(method, url, url.origin, now, this.#settings.redact)),
      );
    }
    const host = this.#hostOf(url);
    const ofHost = this.#settings.hostKey ? this.#book.planForUrl(url, host) : this.#book.planFor(host);
    const plan = init?.policy === undefined ? ofHost : this.#book.planForCall(ofHost, init.policy);
    const request = readRequest(input, init, url, plan.policy);
    const record = new CallRecord(request.method, url, host.key, now, this.#settings.redact);
    const deadlineAt = Number.POSITIVE_INFINITY;
    return run({ request, signal, attempt: 1, deadlineAt, host, record, runtime }, plan);
  }
}

/**
 * A policy of somebody's own: what it throws is a rejection, what it resolves with is looked at, and a response that it
 * gets and drops is noticed by its collection.
 */
const contained = (policy: Policy): Policy =>
  async function contained(call, next) {
    const watchedNext: Handler = async inner => {
      const response = await next(inner);
      leaseOf(response).endWhenCollected(response);
      return response;
    };
    return requireResponse(await policy(call, watchedNext));
  };

function run(call: Call, plan: Plan): Promise<Response> {
  const { host, record, runtime } = call;
  host.counters.calls++;
  host.active++;
  runtime.emit?.({ type: 'call-start', call: record });
  return plan.send(call).then(
    response => {
      deliver(response, call, plan.policy.leaseMs);
      return response;
    },
    thrown => {
      throw fail(thrown, call);
    },
  );
}

/** The call has a response, whose body may still be on its way. */
function deliver(response: Response, call: Call, leaseMs: number): void {
  const { record, runtime } = call;
  const durationMs = settleRecord(call);
  runtime.emit?.({ type: 'call-end', call: record, durationMs, status: response.status, error: undefined });
  stampStory(response, record);
  const lease = leaseOf(response);
  const open = new OpenBody(call, lease);
  if (lease.isOver) return;
  lease.onCopy = copy => stampStory(copy, record);
  open.hold(response, leaseMs);
}

/** The call has failed; what its caller gets to see. */
function fail(thrown: unknown, call: Call): unknown {
  const { host, record, runtime } = call;
  host.active--;
  const outcome = errorOutcome(thrown, call);
  cutShort(call, outcome);
  const durationMs = settleRecord(call);
  const error = errorOf(outcome, call);
  const told = runtime.emit && withoutSecrets(error);
  runtime.emit?.({ type: 'call-end', call: record, durationMs, status: undefined, error: told });
  return error;
}

/** The caller gets `fetch`'s own complaint about a URL; what hears of it on the side may well write it to a log. */
function withoutSecrets(error: unknown): unknown {
  if (!(error instanceof TypeError) || error instanceof HoldfastError) return error;
  const message = redactUrlsIn(error.message);
  return message === error.message ? error : new TypeError(message);
}

/** The call was settled over the head of an attempt that is still on its way out. */
function cutShort(call: Call, outcome: ErrorOutcome): void {
  for (const attempt of call.record.attempts) {
    if (attempt.durationMs !== undefined) continue;
    attempt.reason = outcome.kind === 'cancelled' ? 'aborted' : 'deadline';
    endAttempt(outcome, call, attempt);
  }
}

function settleRecord({ host, record, runtime }: Call): number {
  const now = runtime.clock.now();
  const durationMs = now - record.startedAt;
  record.durationMs = durationMs;
  record.circuit = peekCircuit(host)?.state(now);
  return durationMs;
}

/** What still waits for the body of a response to end. */
class OpenBody {
  readonly #call: Call;
  readonly #lease: BodyLease;
  #timer: Timer;
  /** Only until the end of the turn: an unread one must stay garbage. */
  #response: Response | undefined;

  constructor(call: Call, lease: BodyLease) {
    this.#call = call;
    this.#lease = lease;
    lease.onLeaseEnd(end => this.#end(end));
  }

  /** Lets the lease end after `leaseMs`, or when the response is collected, if nobody reads it. */
  hold(response: Response, leaseMs: number): void {
    const { clock } = this.#call.runtime;
    this.#response = response;
    leaveToCollector(this);
    if (leaseMs === Number.POSITIVE_INFINITY) return;
    this.#timer = clock.setTimer(() => this.#lease.expireUnread(), leaseMs);
    clock.unrefTimer(this.#timer);
  }

  /** From now on the collector may have the response. */
  letGo(): void {
    if (this.#response) this.#lease.endWhenCollected(this.#response);
    this.#response = undefined;
  }

  #end({ kind }: LeaseEnd): void {
    const { host, record, runtime } = this.#call;
    const { clock, emit } = runtime;
    host.active--;
    this.#response = undefined;
    clock.clearTimer(this.#timer);
    emit?.({ type: 'body-end', call: record, durationMs: clock.now() - record.startedAt, end: kind });
  }
}

/** Those that have come in this turn. */
let fresh: OpenBody[] = [];

/** At the end of the turn: most bodies have come with their headers and been read by then, and need no finalizer. */
function leaveToCollector(body: OpenBody): void {
  if (fresh.push(body) > 1) return;
  nextTurn(() => {
    const those = fresh;
    fresh = [];
    for (const each of those) each.letGo();
  });
}

/** What the caller gets to see: a failure of the network with its story, anything else as it is. */
function errorOf(outcome: ErrorOutcome, call: Call): unknown {
  if (outcome.error instanceof HoldfastError) return outcome.error;
  const failure = networkFailure(outcome, call.request);
  return failure ? new NetworkError(call.record, failure, outcome.error) : outcome.error;
}

/**
 * A signal that was aborted before the call: nothing is sent. Wrong arguments come first, as in `fetch`, and a body is
 * cancelled.
 */
function rejectAborted(
  input: FetchInput,
  init: RequestInit | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const isForeign = typeof input === 'object' && 'url' in input && !(input instanceof Request);
  if (!isForeign) new Request(input, init).body?.cancel(signal.reason).catch(() => {});
  return Promise.reject(signal.reason);
}
