/** Events as metrics. Together with `trace.ts` the door to OpenTelemetry. */
import {
  type Attributes,
  createNoopMeter,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type ObservableResult,
} from '@opentelemetry/api';
import { type AttemptRecord, type CallRecord, isSent } from '../call-record.ts';
import type { HostRegistry } from '../hosts/host-registry.ts';
import type { HostState } from '../hosts/host-state.ts';
import type { Call } from '../pipeline/call.ts';
import type { Clock } from '../pipeline/clock.ts';
import type {
  AttemptEndEvent,
  BulkheadEvent,
  CallEndEvent,
  CircuitEvent,
  CircuitState,
  FallbackEvent,
  FallbackFailedEvent,
  HoldfastEvent,
} from '../pipeline/events.ts';
import { peekPermits } from '../policies/bulkhead/bulkhead.ts';
import { peekCircuit } from '../policies/circuit-breaker/circuit.ts';
import { peekLimiter } from '../policies/concurrency-limit/concurrency-limit.ts';
import type { ResolvedPolicy } from '../policies/policy-options.ts';
import { peekRateLimiter } from '../policies/rate-limit/rate-limit.ts';
import { peekBudget } from '../policies/retry/budget.ts';
import { methodLabel, type Summary, serverAddress, serverPort } from './attributes.ts';
import type { Listener } from './event-hub.ts';
import { hasRecovered, outcomeOf } from './outcome.ts';
import { Tally } from './tally.ts';
import { attempted, causeOf, scope } from './trace.ts';

/** https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpclientrequestduration */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** A call may last longer than any of its attempts. */
const callBuckets = [...requestBuckets, 20, 30, 60];

/**
 * How many hosts have series of their own; what comes after shares one. The SDKs keep 2,000 series per instrument, of
 * which a host has four in `breaker_state`, and merge the rest: there a host whose circuit is open would be lost.
 */
const maxHostLabels = 400;
const otherHosts = '_OTHER';

/** A client whose hosts are looked at when metrics are collected. */
export interface Observed {
  readonly registry: HostRegistry;
  readonly clock: Clock;
  readonly policyOf: (host: HostState) => ResolvedPolicy;
}

const host = 'holdfast.host';
const method = 'http.request.method';
const outcome = 'holdfast.outcome';
const reason = 'holdfast.reason';
const state = 'holdfast.breaker.state';
const priority = 'holdfast.priority';

/** Everything that is measured, on one meter. See `docs/telemetry.md` for the list. */
class Instruments {
  readonly requestDuration: Histogram;
  readonly callDuration: Histogram;
  readonly calls: Tally;
  readonly attempts: Tally;
  readonly retryAttempts: Tally;
  readonly retryRefusals: Tally;
  readonly hedges: Tally;
  readonly hedgeWins: Tally;
  readonly hedgeRefusals: Tally;
  readonly retriedCalls: Tally;
  readonly recoveredCalls: Tally;
  readonly breakerTransitions: Tally;
  readonly breakerProbes: Tally;
  readonly breakerRejections: Tally;
  readonly slowAttempts: Tally;
  readonly hostPauses: Tally;
  readonly overloads: Tally;
  readonly bulkheadRejections: Tally;
  readonly bulkheadWait: Histogram;
  readonly rateLimitWait: Histogram;
  readonly fallbacks: Tally;
  readonly coalescedCalls: Tally;
  readonly cacheAnswers: Tally;
  readonly cacheRefreshes: Tally;
  readonly cacheStoreFailures: Tally;
  readonly chaosFaults: Tally;
  readonly #hosts = new Set<string>();

  constructor(meter: Meter) {
    const counter = (name: string, unit: string, description: string, ...attributes: string[]) => {
      const tally = new Tally([host, ...attributes]);
      const options = { unit, description };
      meter.createObservableCounter(`holdfast.${name}`, options).addCallback(result => tally.observe(result));
      return tally;
    };
    const seconds = (name: string, description: string, explicitBucketBoundaries: number[]) =>
      meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries } });
    this.requestDuration = seconds(
      'http.client.request.duration',
      'Duration of HTTP client requests.',
      requestBuckets,
    );
    this.callDuration = seconds(
      'holdfast.call.duration',
      'Duration of logical calls until their response headers or their error, with all attempts and waits.',
      callBuckets,
    );
    this.calls = counter('calls', '{call}', 'Logical calls that have settled.', method, outcome);
    this.attempts = counter('attempts', '{attempt}', 'Attempts that were sent, retries included.', outcome);
    this.retryAttempts = counter(
      'retry_attempts',
      '{attempt}',
      'Retries that were sent, by why and by result.',
      reason,
      outcome,
    );
    this.retryRefusals = counter(
      'retry_refusals',
      '{retry}',
      'Retries due and not made, by why not.',
      reason,
    );
    this.hedges = counter(
      'hedge_attempts',
      '{attempt}',
      'Hedges that were sent, by result; a loser is cancelled.',
      outcome,
    );
    this.hedgeWins = counter('hedge_wins', '{call}', 'Calls that a hedge has answered.');
    this.hedgeRefusals = counter(
      'hedge_refusals',
      '{hedge}',
      'Hedges due and not started, by why not.',
      reason,
    );
    this.retriedCalls = counter('retried_calls', '{call}', 'Calls that were retried at least once.');
    this.recoveredCalls = counter('recovered_calls', '{call}', 'Calls that a retry has saved.');
    this.breakerTransitions = counter(
      'breaker_transitions',
      '{transition}',
      'Changes of state of circuits.',
      'holdfast.breaker.from',
      state,
      'holdfast.because',
    );
    this.breakerProbes = counter('breaker_probes', '{probe}', 'Probes that decided, by result.', outcome);
    this.breakerRejections = counter(
      'breaker_rejections',
      '{attempt}',
      'Attempts refused before sending, by code.',
      'error.type',
    );
    this.slowAttempts = counter(
      'slow_attempts',
      '{attempt}',
      'Attempts that counted as failed because they were slow, while they were on their way.',
    );
    this.hostPauses = counter(
      'host_pauses',
      '{pause}',
      'Pauses that hosts have asked for.',
      'http.response.status_code',
    );
    this.overloads = counter(
      'overloads',
      '{overload}',
      'Times that hosts have shown that they are overloaded.',
    );
    this.bulkheadRejections = counter(
      'bulkhead_rejections',
      '{call}',
      'Calls that found no room in the bulkhead, or lost their place in its queue.',
      reason,
      priority,
    );
    this.bulkheadWait = seconds(
      'holdfast.bulkhead.wait.duration',
      'Waits in the queue of the bulkhead, of those calls that had to wait.',
      callBuckets,
    );
    this.rateLimitWait = seconds(
      'holdfast.rate_limit.wait.duration',
      'Waits for the rate limit, of those attempts that had to wait.',
      callBuckets,
    );
    const gauge = (
      name: string,
      unit: string,
      description: string,
      look: (result: ObservableResult) => void,
    ) => meter.createObservableGauge(`holdfast.${name}`, { unit, description }).addCallback(look);
    gauge('bulkhead_in_use', '{call}', 'Calls under way that hold a permit of the bulkhead.', result =>
      this.#observeSum(result, peekPermits, ({ inUse }) => inUse),
    );
    gauge('bulkhead_waiting', '{call}', 'Calls in the queue of the bulkhead.', result =>
      this.#observeSum(result, peekPermits, ({ waiting }) => waiting),
    );
    gauge('rate_limit_waiting', '{attempt}', 'Attempts that wait for the rate limit.', result =>
      this.#observeSum(result, peekRateLimiter, ({ waiting }) => waiting),
    );
    this.fallbacks = counter(
      'fallbacks',
      '{call}',
      'Calls that something was to answer in place of the service, by why and by whether it has.',
      reason,
      outcome,
    );
    this.chaosFaults = counter(
      'chaos_faults',
      '{fault}',
      'Faults that were injected into attempts on purpose, by kind.',
      'holdfast.chaos',
    );
    this.coalescedCalls = counter(
      'coalesced_calls',
      '{call}',
      'Calls that have joined the request of an earlier one.',
    );
    this.cacheAnswers = counter(
      'cache_answers',
      '{call}',
      'Calls that asked the cache, by what came of it, and why a stale answer was used.',
      'holdfast.cache.status',
      'holdfast.because',
    );
    this.cacheRefreshes = counter(
      'cache_refreshes',
      '{call}',
      'Answers asked for again in the background, by result.',
      'holdfast.cache.result',
    );
    this.cacheStoreFailures = counter(
      'cache_store_failures',
      '{operation}',
      'Operations of the store of the cache that failed.',
      'holdfast.cache.operation',
    );
    meter
      .createObservableGauge('holdfast.breaker_state', {
        unit: '{circuit}',
        description: 'Circuits in each state.',
      })
      .addCallback(result => this.#observeCircuits(result));
    meter
      .createObservableGauge('holdfast.retry_budget_level', {
        unit: '{token}',
        description: 'Tokens left in the retry budget; of several clients the least.',
      })
      .addCallback(result => this.#observeBudgets(result));
    meter
      .createObservableGauge('holdfast.concurrency_limit', {
        unit: '{attempt}',
        description:
          'Attempts that may be under way at once to hosts that are overloaded, of all clients together.',
      })
      .addCallback(result => this.#observeLimits(result));
  }

  /** A host's name as an attribute, as long as there are not too many of them. */
  label(key: string): string {
    if (this.#hosts.has(key)) return key;
    if (this.#hosts.size >= maxHostLabels) return otherHosts;
    this.#hosts.add(key);
    return key;
  }

  #observeCircuits(result: ObservableResult): void {
    const counts = new Map<string, Record<CircuitState, number>>();
    for (const [{ key }, circuit, { clock }, policy] of observedHosts(peekCircuit)) {
      const name = this.label(key);
      const ofHost = counts.get(name) ?? { closed: 0, open: 0, 'half-open': 0, isolated: 0 };
      const found = circuit.peekState(clock.now());
      // Without a circuit breaker only a person stops anything, whatever the circuit was before.
      ofHost[policy.circuitBreaker || found === 'isolated' ? found : 'closed']++;
      counts.set(name, ofHost);
    }
    for (const [name, states] of counts) {
      for (const [each, count] of Object.entries(states))
        result.observe(count, { [host]: name, [state]: each });
    }
  }

  /** Of several clients the sum. */
  #observeSum<Part>(
    result: ObservableResult,
    peek: (host: HostState) => Part | undefined,
    countOf: (part: Part) => number,
  ): void {
    const sums = new Map<string, number>();
    for (const [{ key }, part] of observedHosts(peek)) {
      const name = this.label(key);
      sums.set(name, (sums.get(name) ?? 0) + countOf(part));
    }
    for (const [name, sum] of sums) result.observe(sum, { [host]: name });
  }

  #observeBudgets(result: ObservableResult): void {
    const levels = new Map<string, number>();
    for (const [{ key }, { tokens }, , policy] of observedHosts(peekBudget)) {
      if (policy.retry === false || policy.retry.budget === false) continue;
      const name = this.label(key);
      levels.set(name, Math.min(tokens, levels.get(name) ?? tokens));
    }
    for (const [name, tokens] of levels) result.observe(tokens, { [host]: name });
  }

  /** A host without a limit has no number to show. */
  #observeLimits(result: ObservableResult): void {
    const limits = new Map<string, number>();
    for (const [{ key }, limiter, { clock }] of observedHosts(peekLimiter)) {
      const limit = limiter.limitAt(clock.now());
      if (limit === Number.POSITIVE_INFINITY) continue;
      const name = this.label(key);
      limits.set(name, limit + (limits.get(name) ?? 0));
    }
    for (const [name, limit] of limits) result.observe(limit, { [host]: name });
  }
}

/** Weakly: a client that everyone has forgotten is no longer looked at. */
const observed = new Set<WeakRef<Observed>>();
/** Not left to whoever collects metrics: there may be nobody. */
const forgotten = new FinalizationRegistry<WeakRef<Observed>>(reference => observed.delete(reference));

export function observeHosts(client: Observed): () => void {
  const reference = new WeakRef(client);
  observed.add(reference);
  forgotten.register(client, reference);
  return () => void observed.delete(reference);
}

/** The hosts of all clients, with a part of their state, where they have it. */
function* observedHosts<Part>(
  peek: (host: HostState) => Part | undefined,
): Generator<[HostState, Part, Observed, ResolvedPolicy]> {
  for (const reference of observed) {
    const client = reference.deref();
    for (const each of client?.registry.values() ?? []) {
      const part = peek(each);
      if (client && part) yield [each, part, client, client.policyOf(each)];
    }
  }
}

let provider: MeterProvider | undefined;
let instruments: Instruments | undefined;

/** The instruments of the registered SDK, made when it is first seen; undefined without one. */
export const currentInstruments = (): Instruments | undefined => attempted(findInstruments);

function findInstruments(): Instruments | undefined {
  const current = metrics.getMeterProvider();
  if (current !== provider) {
    provider = current;
    instruments = undefined;
    const meter = current.getMeter(scope);
    instruments = meter === createNoopMeter() ? undefined : new Instruments(meter);
  }
  return instruments;
}

/** The duration of an attempt, the same as that of its span. */
export function recordAttempt({ request }: Call, { status, errorType }: Summary, ms: number): void {
  const { url } = request;
  const attributes: Attributes = {
    [method]: methodLabel(request.method),
    'server.address': serverAddress(url),
    'server.port': serverPort(url),
    'url.scheme': url.protocol.slice(0, -1),
  };
  if (errorType !== undefined) attributes['error.type'] = errorType;
  if (status !== undefined) attributes['http.response.status_code'] = status;
  currentInstruments()?.requestDuration.record(ms / 1_000, attributes);
}

export const eventMetrics: Listener = {
  isOn: () => currentInstruments() !== undefined,
  hear(event: HoldfastEvent) {
    if (!instruments) return;
    switch (event.type) {
      case 'call-end':
        return countCall(instruments, event);
      case 'attempt-end':
        return countAttempt(instruments, event);
      case 'retry-refused':
        return instruments.retryRefusals.count(instruments.label(event.call.host), event.reason);
      case 'hedge-refused':
        return instruments.hedgeRefusals.count(instruments.label(event.call.host), event.reason);
      case 'circuit':
        return countTransition(instruments, event);
      case 'overload':
        if (event.isOverloaded) instruments.overloads.count(instruments.label(event.host));
        return;
      case 'bulkhead':
        return countQueueing(instruments, event);
      case 'rate-limit':
        if (event.action !== 'admitted' && event.action !== 'left') return;
        return instruments.rateLimitWait.record(event.waitedMs / 1_000, {
          [host]: instruments.label(event.host),
        });
      case 'slow-call':
        return instruments.slowAttempts.count(instruments.label(event.call.host));
      case 'fallback':
      case 'fallback-failed':
        return countFallback(instruments, event);
      case 'coalesced':
        return instruments.coalescedCalls.count(instruments.label(event.call.host));
      case 'cache': {
        const name = instruments.label(event.call.host);
        return instruments.cacheAnswers.count(name, event.status, event.because ?? 'none');
      }
      case 'cache-refresh':
        return instruments.cacheRefreshes.count(instruments.label(event.call.host), event.result);
      case 'cache-store-failed':
        return instruments.cacheStoreFailures.count(instruments.label(event.call.host), event.operation);
      case 'chaos': {
        const name = instruments.label(event.call.host);
        for (const fault of event.faults) instruments.chaosFaults.count(name, fault);
        return;
      }
      case 'host-pause':
        return instruments.hostPauses.count(instruments.label(event.host), event.status);
    }
  },
};

function countCall(to: Instruments, event: CallEndEvent): void {
  const { call, durationMs } = event;
  const name = to.label(call.host);
  const label = methodLabel(call.method);
  const result = outcomeOf(event);
  to.calls.count(name, label, result);
  to.callDuration.record(durationMs / 1_000, { [host]: name, [method]: label, [outcome]: result });
  if (call.attempts.length < 2) return;
  if (event.status !== undefined && call.deciding?.hedge) to.hedgeWins.count(name);
  if (call.retries === 0) return;
  if (call.coalesced || call.attempts.length < 2 || call.sentAttempts < 2) return;
  to.retriedCalls.count(name);
  if (hasRecovered(call)) to.recoveredCalls.count(name);
}

function countAttempt(to: Instruments, event: AttemptEndEvent): void {
  const { call, attempt, outcome: result, code } = event;
  const name = to.label(call.host);
  if (result === 'rejected') {
    to.breakerRejections.count(name, code ?? '_OTHER');
    return;
  }
  if (!isSent(event)) return;
  to.attempts.count(name, result);
  if (call.attempt(attempt)?.hedge) to.hedges.count(name, result);
  else if (attempt > 1)
    to.retryAttempts.count(name, causeOf(retriedBefore(attempt, call)) ?? '_OTHER', result);
}

function countQueueing(
  to: Instruments,
  { host: key, action, priority: rank, queuedMs }: BulkheadEvent,
): void {
  const name = to.label(key);
  if (action === 'refused' || action === 'displaced') to.bulkheadRejections.count(name, action, rank);
  if (action === 'refused' || action === 'queued') return;
  to.bulkheadWait.record(queuedMs / 1_000, { [host]: name, [priority]: rank });
}
const retriedBefore = (number: number, { attempts }: CallRecord): AttemptRecord | undefined =>
  attempts.findLast(({ attempt, reason }) => attempt < number && reason === 'retried');
function countFallback(to: Instruments, event: FallbackEvent | FallbackFailedEvent): void {
  const { call, error, status, type } = event;
  const code = (error as { code?: unknown } | undefined)?.code;
  const why = status ?? (typeof code === 'string' ? code : '_OTHER');
  to.fallbacks.count(to.label(call.host), why, type === 'fallback' ? 'success' : 'failure');
}

function countTransition(to: Instruments, event: CircuitEvent): void {
  const { from, to: next, because } = event;
  const name = to.label(event.host);
  to.breakerTransitions.count(name, from, next, because);
  if (because === 'probe-success') to.breakerProbes.count(name, 'success');
  else if (because === 'probe-failure') to.breakerProbes.count(name, 'failure');
}
