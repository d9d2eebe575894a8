/// <reference lib="esnext.disposable" preserve="true" />
import { CallRecord } from './call-record.ts';
import { ClosedError } from './errors.ts';
import {
  besideOf,
  type FetchOptions,
  noCacheStore,
  requireCacheStore,
  type Settings,
  settingChecks,
  split,
} from './fetch-options.ts';
import { Hosts } from './host-view.ts';
import { HostRegistry } from './hosts/host-registry.ts';
import type { HostState } from './hosts/host-state.ts';
import { leaseOf } from './http/body-lease.ts';
import type { FetchLike } from './http/fetch-like.ts';
import { createStamp } from './http/stamp.ts';
import { reasonOf } from './pipeline/branch.ts';
import type { Call, Runtime } from './pipeline/call.ts';
import { type Clock, type Random, systemClock, systemRandom } from './pipeline/clock.ts';
import { guarded, type HoldfastEvent, type WarningEvent } from './pipeline/events.ts';
import { OpenCalls } from './pipeline/open-calls.ts';
import { readOptions, requireObject } from './pipeline/options.ts';
import { EnclosingCall, findOuter, openContext } from './pipeline/outer-call.ts';
import { type Handler, type Policy, pipeline, requireResponse } from './pipeline/pipeline.ts';
import { deadlineHeaders } from './policies/deadline-headers.ts';
import { nestedGuard } from './policies/nested-guard.ts';
import type { CallPolicy, PolicyOptions, ResolvedPolicy } from './policies/policy-options.ts';
import { budgetOf } from './policies/retry/budget.ts';
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
import { run } from './run-call.ts';
import { adopt, type Place, type Spans, standardOrder, standardPolicies } from './standard-order.ts';
import { channels, isUndiciInstrumented } from './telemetry/channels.ts';
import { EventHub, type Listener } from './telemetry/event-hub.ts';
import { consoleLogger, eventLog } from './telemetry/logs.ts';
import { eventMetrics, type Observed, observeHosts } from './telemetry/metrics.ts';
import { readTelemetryOptions } from './telemetry/options.ts';
import { spanEvents } from './telemetry/trace.ts';
import { fetchTransport } from './transport/fetch-transport.ts';
import { globalFetch, rememberGlobalFetch, viaGlobalFetch } from './transport/global-fetch.ts';

/** `fetch`, as the standard says, and what can be seen and done beside it. */
export interface HoldfastFetch {
  /** A member that is undefined counts as left out, as with `fetch`: SDKs pass what they were not given so. */
  (
    input: FetchInput,
    init?: { readonly [Member in keyof CallInit]?: CallInit[Member] | undefined },
  ): Promise<Response>;
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

/** What the doors that stand on a fetch share with it beside sending. */
export interface Inside {
  readonly clock: Clock;
  readonly random: Random;
  /** Whether somebody reads what is told. */
  readonly isHeard: boolean;
  tell(event: HoldfastEvent): void;
  /** How a call to this URL is treated, with a policy of its own if it has one. */
  policyFor(href: string, own: PolicyOptions | undefined): ResolvedPolicy;
  /** @param deadlineAt - when the call has to be over, if it is part of something that began before it. */
  fetch(input: FetchInput, init: CallInit | undefined, deadlineAt?: number): Promise<Response>;
  /** The record of a call that is not sent, or is told of by hand. */
  newRecord(method: string, url: { readonly href: string }): CallRecord;
}

const insides = createStamp<Inside>();

/** Undefined for a fetch that another copy of the package made. */
export const insideOf = (fetch: object): Inside | undefined => insides.get(fetch);

function listenersOf({ observe, logger, telemetry }: Settings): Listener[] {
  const listeners: Listener[] = [channels];
  if (telemetry !== false) listeners.push(spanEvents, eventMetrics);
  if (observe) listeners.push({ isOn: () => true, hear: guarded(observe) });
  if (logger) listeners.push(eventLog(logger === 'console' ? consoleLogger : logger));
  return listeners;
}

const isNesting = ({ fetch, transport, policies = [] }: Settings): boolean =>
  policies.length > 0 ||
  (transport ? transport.isLeaf !== true : fetch !== undefined && fetch !== globalFetch());

/** Only the global `fetch` is known to stand on undici, which may have an instrumentation of its own. */
function spansOf({ telemetry = {}, fetch }: Settings): Spans | false {
  if (telemetry === false) return false;
  return {
    settings: readTelemetryOptions(telemetry),
    isInstrumented: fetch && fetch !== globalFetch() ? () => false : isUndiciInstrumented,
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
  const fetch = function fetch(
    input: FetchInput,
    init: Parameters<HoldfastFetch>[1] = undefined,
  ): Promise<Response> {
    return client.fetch(input, init as CallInit | undefined);
  };
  rememberGlobalFetch(fetch);
  insides.set(fetch, client);
  return Object.assign(fetch, {
    hosts: client.hosts,
    update: (policy: PolicySet) => client.update(policy),
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  });
}

class FetchClient implements Inside {
  readonly #settings: Settings;
  readonly #runtime: { -readonly [Key in keyof Runtime]: Runtime[Key] };
  readonly #hub: EventHub;
  readonly #spans: Spans | false;
  readonly #forgetHosts: (() => void) | undefined;
  readonly #registry: HostRegistry;
  readonly #transport: Handler;
  readonly #bare: FetchLike;
  readonly #detach: (() => Promise<void>) | undefined;
  readonly #unsubscribe: (() => void) | undefined;
  /** What was given beside a policy that changes by itself. */
  readonly #beside: PolicySet;
  readonly #observed: Observed;
  #book: PolicyBook;
  #closed = false;
  /** Whether something of the program's own runs within an attempt, which may make calls itself. */
  readonly #isNesting: boolean;
  readonly hosts: Hosts;

  constructor(options: FetchOptions) {
    requireObject(options, '');
    if (options.fetch && options.transport)
      throw new TypeError(
        '`fetch` and `transport` contradict each other: both say what sends. Give one of them.',
      );
    const [policy, settings] = split(options);
    this.#settings = readOptions('', settings, settingChecks, { maxHosts: 1_000 });
    const { fetch, transport, clock = systemClock, random = systemRandom, maxHosts } = this.#settings;
    this.#hub = new EventHub(listenersOf(this.#settings));
    this.#runtime = {
      clock,
      random,
      emit: this.#hub.emit,
      hostOf: url => this.#hostOf(url),
      open: new OpenCalls(),
    };
    this.#isNesting = isNesting(this.#settings);
    if (this.#isNesting) openContext();
    this.#bare = fetch ?? transport?.fetch ?? viaGlobalFetch();
    this.#transport = transport?.send ?? fetchTransport(fetch);
    this.#detach = transport?.attach?.();
    this.#registry = new HostRegistry(maxHosts);
    this.#spans = spansOf(this.#settings);
    this.#observed = { registry: this.#registry, clock, policyOf: host => this.#book.planFor(host).policy };
    this.#forgetHosts = this.#spans ? observeHosts(this.#observed) : undefined;
    this.#book = this.#newBook(policy);
    this.hosts = new Hosts(
      this.#registry,
      () => this.#presentRuntime(),
      this.#observed.policyOf,
      url => this.#hostOf(url),
    );
    this.#beside = besideOf(policy, this.#settings.source?.policy);
    this.#unsubscribe = this.#settings.source?.subscribe(
      next => this.#swap(next),
      error => this.#refusePolicy(error),
    );
  }

  fetch(
    input: FetchInput,
    init: CallInit | undefined,
    deadlineAt: number = Number.POSITIVE_INFINITY,
  ): Promise<Response> {
    // `fetch` never throws, it rejects: also when a getter of the caller's does, or an option will not do.
    try {
      const signal = signalOf(input, init);
      const url = httpUrl(input);
      const isOurs =
        url && isInit(init) && !isUsed(input, init) && (signal === undefined || isSignal(signal));
      if (!isOurs) return this.#sendBare(input, init);
      if (signal?.aborted) return rejectAborted(input, withoutPolicy(init), signal);
      return this.#call(input, init, url, signal, deadlineAt);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  update(policy: PolicySet): void {
    this.#book = this.#newBook(policy);
    for (const host of this.#registry.values()) adopt(host, this.#observed.policyOf(host), this.clock);
    this.#hub.emit?.({ type: 'policy-updated', error: undefined });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe?.();
    this.#forgetHosts?.();
    this.#runtime.open.closeAll();
    this.#registry.clear();
    await this.#detach?.();
  }

  #newBook(policy: PolicySet): PolicyBook {
    const book = new PolicyBook(policy, resolved => this.#compile(resolved));
    requireCacheStore(policy, this.#settings.cacheStore);
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
    if (!this.isHeard)
      console.warn('holdfast: a changed policy will not do and the present one stays.', error);
  }

  /** To the observer if there is one, who asked to hear of everything; else where a program's warnings go. */
  #warn(event: WarningEvent): void {
    this.#hub.emit?.(event);
    if (!this.isHeard) console.warn(`holdfast: ${event.message} (${event.code})`);
  }

  get clock(): Clock {
    return this.#runtime.clock;
  }

  get random(): Random {
    return this.#runtime.random;
  }

  tell(event: HoldfastEvent): void {
    this.#hub.emit?.(event);
  }

  policyFor(href: string, own: PolicyOptions | undefined): ResolvedPolicy {
    const url = new URL(href);
    return this.#planFor(url, this.#hostOf(url), own).policy;
  }

  newRecord(method: string, url: { readonly href: string }): CallRecord {
    return new CallRecord(method, url, new URL(url.href).origin, this.clock.now(), this.#settings.redact);
  }

  /** Whether a person will see what is told. */
  get isHeard(): boolean {
    return this.#settings.observe !== undefined || this.#settings.logger !== undefined;
  }

  #compile(policy: ResolvedPolicy): Handler {
    const { cacheStore } = this.#settings;
    // Only the policy of a single call comes so far.
    if (policy.cache && !cacheStore) throw noCacheStore('policy.cache');
    const own = this.#settings.policies ?? [];
    const isSplit = (outer: Place, inner: Place) =>
      own.some(placed => placed.inside === outer || placed.outside === inner);
    const fittings = { spans: this.#spans, send: this.#sendFallback, cacheStore, isSplit };
    const standard = standardPolicies(policy, fittings);
    const guard = this.#isNesting && policy.nestedGuard ? guardOf(policy) : undefined;
    const stack = standardOrder.flatMap(place => [
      ...own.filter(placed => placed.outside === place).map(placed => contained(placed.policy)),
      ...(standard[place] ? [standard[place]] : []),
      ...(guard && place === 'retry' ? [guard] : []),
      ...own.filter(placed => placed.inside === place).map(placed => contained(placed.policy)),
    ]);
    if (policy.deadlineHeaders) stack.push(deadlineHeaders(policy.deadlineHeaders));
    return pipeline(stack, this.#transport);
  }

  /** Treated as its own host says, but that a fallback has none: two that stand in for each other would never end. */
  readonly #sendFallback = (url: string, init: RequestInit, deadlineAt: number): Promise<Response> =>
    this.fetch(url, { ...init, policy: withoutFallback }, deadlineAt);

  #hostOf(url: URL): HostState {
    const { hostKey } = this.#settings;
    return this.#registry.use(hostKey ? String(hostKey(url)) : url.origin, url);
  }

  /** With those who listen now: they may have come since the latest call. */
  #presentRuntime(): Runtime {
    this.#runtime.emit = this.#hub.emit;
    return this.#runtime;
  }

  #planFor(url: URL, host: HostState, own: PolicyOptions | undefined): Plan {
    const ofHost = this.#settings.hostKey ? this.#book.planForUrl(url, host) : this.#book.planFor(host);
    return own === undefined ? ofHost : this.#book.planForCall(ofHost, own);
  }

  /** With the call that it is made within, and with what those see of it that are made within it. */
  #inContext(call: Call): Call {
    const outer = findOuter(call.signal);
    const { request, signal, deadlineAt, host, record, runtime } = call;
    if (outer) record.outer = { method: outer.method, host: outer.host };
    if (!this.#isNesting) return outer ? { ...call, outer } : call;
    const enclosing = new EnclosingCall(call, outer);
    // Member by member: what is added to a spread lies outside of the object, which takes more.
    return {
      request,
      signal,
      attempt: 1,
      deadlineAt,
      host,
      record,
      runtime,
      branch: undefined,
      outer,
      enclosing,
    };
  }

  /** What has no business with us: `fetch` answers or complains. */
  async #sendBare(input: FetchInput, init: CallInit | undefined): Promise<Response> {
    const send = this.#bare;
    return send(input, withoutPolicy(init));
  }

  #call(
    input: FetchInput,
    init: CallInit | undefined,
    url: URL,
    signal: AbortSignal | undefined,
    deadlineAt: number,
  ): Promise<Response> {
    const runtime = this.#presentRuntime();
    const now = runtime.clock.now();
    if (this.#closed) {
      const { method } = readRequest(input, init, url, { idempotencyKey: false });
      return Promise.reject(
        new ClosedError(new CallRecord(method, url, url.origin, now, this.#settings.redact)),
      );
    }
    const host = this.#hostOf(url);
    const plan = this.#planFor(url, host, init?.policy);
    const request = readRequest(input, init, url, plan.policy);
    const record = new CallRecord(request.method, url, host.key, now, this.#settings.redact);
    const call: Call = { request, signal, attempt: 1, deadlineAt, host, record, runtime, branch: undefined };
    return run(plan.policy.nestedGuard ? this.#inContext(call) : call, plan);
  }
}

/** A layer that never retries multiplies nothing, and bounds the retries of no other. */
function guardOf({ retry }: ResolvedPolicy): Policy {
  const budget = retry !== false && retry.maxRetries > 0 ? retry.budget : false;
  return nestedGuard(host => (budget === false ? undefined : budgetOf(host, budget)));
}
const withoutFallback: CallPolicy = Object.freeze({ fallback: false });

/**
 * A policy of somebody's own: what it throws is a rejection, what it resolves with is looked at, and a response that it
 * gets and drops is noticed by its collection.
 */
const contained = (policy: Policy): Policy =>
  async function contained(call, next) {
    const watchedNext: Handler = async inner => {
      const response = requireResponse(await next(inner));
      leaseOf(response).endWhenCollected(response);
      return response;
    };
    return requireResponse(await policy(call, watchedNext));
  };

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
  // One of another make would be refused for what it is.
  const plain = signal instanceof AbortSignal ? init : { ...init, signal: null };
  const reason = reasonOf(signal);
  if (!isForeign) new Request(input, plain).body?.cancel(reason).catch(() => {});
  return Promise.reject(reason);
}
