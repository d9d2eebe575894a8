/** Events as metrics. Together with `trace.ts` the door to OpenTelemetry. */
import {
  type Attributes,
  type Counter,
  createNoopMeter,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type ObservableResult,
} from '@opentelemetry/api';
import type { HostRegistry } from '../hosts/host-registry.ts';
import type { HostState } from '../hosts/host-state.ts';
import type { Call } from '../pipeline/call.ts';
import type { Clock } from '../pipeline/clock.ts';
import type { AttemptEndEvent, CallEndEvent, CircuitEvent, HoldfastEvent } from '../pipeline/events.ts';
import { peekCircuit } from '../policies/circuit-breaker/circuit.ts';
import { peekBudget } from '../policies/retry/budget.ts';
import { methodLabel, type Summary, serverAddress, serverPort } from './attributes.ts';
import type { Listener } from './event-hub.ts';
import { hasRecovered, outcomeOf } from './outcome.ts';
import { causeOf, scope } from './trace.ts';

/** https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpclientrequestduration */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** A call may last longer than any of its attempts. */
const callBuckets = [...requestBuckets, 20, 30, 60];

/** How many hosts have series of their own; what comes after shares one. */
const maxHostLabels = 1_000;
const otherHosts = '_OTHER';

/** A client whose hosts are looked at when metrics are collected. */
export interface Observed {
  readonly registry: HostRegistry;
  readonly clock: Clock;
}

/** Everything that is measured, on one meter. See `docs/telemetry.md` for the list. */
class Instruments {
  readonly requestDuration: Histogram;
  readonly calls: Counter;
  readonly callDuration: Histogram;
  readonly attempts: Counter;
  readonly retryAttempts: Counter;
  readonly retryRefusals: Counter;
  readonly retriedCalls: Counter;
  readonly recoveredCalls: Counter;
  readonly breakerTransitions: Counter;
  readonly breakerProbes: Counter;
  readonly breakerRejections: Counter;
  readonly hostPauses: Counter;
  readonly #hosts = new Set<string>();

  constructor(meter: Meter) {
    const counter = (name: string, unit: string, description: string) =>
      meter.createCounter(`holdfast.${name}`, { unit, description });
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
    this.calls = counter('calls', '{call}', 'Logical calls that have settled.');
    this.attempts = counter('attempts', '{attempt}', 'Attempts that were sent, first ones and retries.');
    this.retryAttempts = counter(
      'retry_attempts',
      '{attempt}',
      'Retries that were sent, by why and by result.',
    );
    this.retryRefusals = counter(
      'retry_refusals',
      '{retry}',
      'Retries that were due and not made, by why not.',
    );
    this.retriedCalls = counter('retried_calls', '{call}', 'Calls that were retried at least once.');
    this.recoveredCalls = counter('recovered_calls', '{call}', 'Calls that a retry has saved.');
    this.breakerTransitions = counter('breaker_transitions', '{transition}', 'Changes of state of circuits.');
    this.breakerProbes = counter(
      'breaker_probes',
      '{probe}',
      'Probes that decided about a circuit, by result.',
    );
    this.breakerRejections = counter(
      'breaker_rejections',
      '{attempt}',
      'Attempts refused before sending, by code.',
    );
    this.hostPauses = counter('host_pauses', '{pause}', 'Pauses that hosts have asked for.');
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
  }

  /** A host's name as an attribute, as long as there are not too many of them. */
  host(key: string): Attributes {
    if (this.#hosts.has(key)) return { 'holdfast.host': key };
    if (this.#hosts.size >= maxHostLabels) return { 'holdfast.host': otherHosts };
    this.#hosts.add(key);
    return { 'holdfast.host': key };
  }

  #observeCircuits(result: ObservableResult): void {
    const counts = new Map<string, Record<string, number>>();
    for (const [host, clock] of observedHosts()) {
      const state = peekCircuit(host)?.state(clock.now());
      if (state === undefined) continue;
      const name = this.#label(host);
      const ofHost = counts.get(name) ?? { closed: 0, open: 0, 'half-open': 0, isolated: 0 };
      ofHost[state] = (ofHost[state] ?? 0) + 1;
      counts.set(name, ofHost);
    }
    for (const [host, states] of counts) {
      for (const [state, count] of Object.entries(states)) {
        result.observe(count, { 'holdfast.host': host, 'holdfast.breaker.state': state });
      }
    }
  }

  #observeBudgets(result: ObservableResult): void {
    const levels = new Map<string, number>();
    for (const [host] of observedHosts()) {
      const tokens = peekBudget(host)?.tokens;
      if (tokens === undefined) continue;
      const name = this.#label(host);
      levels.set(name, Math.min(tokens, levels.get(name) ?? tokens));
    }
    for (const [host, tokens] of levels) result.observe(tokens, { 'holdfast.host': host });
  }

  #label(host: HostState): string {
    return this.host(host.key)['holdfast.host'] as string;
  }
}

/** Weakly: a client that everyone has forgotten is no longer looked at. */
const observed = new Set<WeakRef<Observed>>();

export function observeHosts(client: Observed): () => void {
  const reference = new WeakRef(client);
  observed.add(reference);
  return () => void observed.delete(reference);
}

function* observedHosts(): Generator<[HostState, Clock]> {
  for (const reference of observed) {
    const client = reference.deref();
    if (!client) observed.delete(reference);
    else for (const host of client.registry.values()) yield [host, client.clock];
  }
}

let provider: MeterProvider | undefined;
let instruments: Instruments | undefined;

/** The instruments of the registered SDK, made when it is first seen; undefined without one. */
export function currentInstruments(): Instruments | undefined {
  const current = metrics.getMeterProvider();
  if (current !== provider) {
    provider = current;
    const meter = current.getMeter(scope);
    instruments = meter === createNoopMeter() ? undefined : new Instruments(meter);
  }
  return instruments;
}

/** The duration of an attempt, the same as that of its span. */
export function recordAttempt({ request }: Call, { status, errorType }: Summary, ms: number): void {
  const { method, url } = request;
  const attributes: Attributes = {
    'http.request.method': methodLabel(method),
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
        return instruments.retryRefusals.add(1, {
          ...instruments.host(event.call.host),
          'holdfast.reason': event.reason,
        });
      case 'circuit':
        return countTransition(instruments, event);
      case 'host-pause':
        return instruments.hostPauses.add(1, {
          ...instruments.host(event.host),
          'http.response.status_code': event.status,
        });
    }
  },
};

function countCall(to: Instruments, event: CallEndEvent): void {
  const { call, durationMs } = event;
  const host = to.host(call.host);
  const attributes: Attributes = {
    ...host,
    'http.request.method': methodLabel(call.method),
    'holdfast.outcome': outcomeOf(event),
  };
  to.calls.add(1, attributes);
  to.callDuration.record(durationMs / 1_000, attributes);
  if (call.sentAttempts < 2) return;
  to.retriedCalls.add(1, host);
  if (hasRecovered(call)) to.recoveredCalls.add(1, host);
}

function countAttempt(to: Instruments, event: AttemptEndEvent): void {
  const { call, attempt, outcome, code } = event;
  const host = to.host(call.host);
  if (outcome === 'rejected') {
    to.breakerRejections.add(1, { ...host, 'error.type': code ?? '_OTHER' });
    return;
  }
  to.attempts.add(1, { ...host, 'holdfast.outcome': outcome });
  if (attempt === 1) return;
  const why = causeOf(call.attempt(attempt - 1)) ?? '_OTHER';
  to.retryAttempts.add(1, { ...host, 'holdfast.reason': why, 'holdfast.outcome': outcome });
}

function countTransition(to: Instruments, { host, from, to: state, because }: CircuitEvent): void {
  const ofHost = to.host(host);
  to.breakerTransitions.add(1, {
    ...ofHost,
    'holdfast.breaker.from': from,
    'holdfast.breaker.state': state,
    'holdfast.because': because,
  });
  if (because === 'probe-success' || because === 'probe-failure')
    to.breakerProbes.add(1, {
      ...ofHost,
      'holdfast.outcome': because === 'probe-success' ? 'success' : 'failure',
    });
}
