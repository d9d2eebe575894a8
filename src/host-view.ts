import type { HostRegistry } from './hosts/host-registry.ts';
import type { HostCounters, HostState } from './hosts/host-state.ts';
import type { Runtime } from './pipeline/call.ts';
import type { CircuitState } from './pipeline/events.ts';
import { permitsOf } from './policies/bulkhead/bulkhead.ts';
import type { Permits } from './policies/bulkhead/permits.ts';
import { type Circuit, circuitOf } from './policies/circuit-breaker/circuit.ts';
import type { WindowCounts } from './policies/circuit-breaker/failure-window.ts';
import { readCircuitBreakerOptions } from './policies/circuit-breaker/limits.ts';
import { limiterOf } from './policies/concurrency-limit/concurrency-limit.ts';
import type { Limiter } from './policies/concurrency-limit/limiter.ts';
import { peekPause } from './policies/host-pause.ts';
import type { ResolvedPolicy } from './policies/policy-options.ts';
import { rateLimiterOf } from './policies/rate-limit/rate-limit.ts';
import type { RateLimiter } from './policies/rate-limit/rate-limiter.ts';
import { budgetOf } from './policies/retry/budget.ts';

/** The circuit of a host, to look at and to operate by hand. */
export interface CircuitBreakerView {
  readonly state: CircuitState;
  /** Attempts completed in the window. */
  readonly counts: WindowCounts;
  /** Milliseconds until the next probe; undefined while calls may go, or only a person can tell. */
  readonly retryAfterMs: number | undefined;
  /** Refuses every call to the host until {@link reset}. */
  isolate(): void;
  /** Closes the circuit, whatever its state, and forgets what it has counted. */
  reset(): void;
}

export interface RetryBudgetView {
  /** From 0 to `maxTokens`. */
  readonly tokens: number;
  readonly maxTokens: number;
}

export interface HostPauseView {
  /** Milliseconds for which the host has asked to be left alone; 0 without a pause. */
  readonly remainingMs: number;
  /** Calls that wait for its end. */
  readonly waiting: number;
  /** Ends the pause by hand. */
  resume(): void;
}

/** How many attempts may be under way at once, and how many are. */
export interface ConcurrencyLimitView {
  /** Infinity for no limit. */
  readonly limit: number;
  readonly inFlight: number;
  /** Attempts that wait for others to end. */
  readonly waiting: number;
  /** Whether the host has shown that it is overloaded, and not yet that it is well again. */
  readonly isOverloaded: boolean;
}

export interface BulkheadView {
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  /** Calls that hold a permit: under way, or with a body that has not ended. */
  readonly inUse: number;
  /** Calls that wait for their turn. */
  readonly waiting: number;
  /** Calls that found no room, or lost their place to a more important one. */
  readonly refused: number;
}

export interface RateLimitView {
  readonly perSecond: number;
  readonly burst: number;
  /** Requests that may go now; Infinity without a rate. */
  readonly tokens: number;
  /** Requests that are left until the host's reset, as far as it has told and we have counted; else undefined. */
  readonly left: number | undefined;
  /** Milliseconds until a request that comes now may go. */
  readonly readyMs: number;
  /** Requests that wait for their turn. */
  readonly waiting: number;
  /** Forgets what the host has told of its quota. */
  forget(): void;
}

/** What is known of one host. Live: each property tells the present. */
export interface HostView {
  /** What the host is found by; its origin unless `hostKey` says otherwise. */
  readonly key: string;
  /** Where the policy of the host has no circuit breaker it stays closed, unless it is isolated by hand. */
  readonly circuitBreaker: CircuitBreakerView;
  /** Undefined where the policy of the host has no retry budget. */
  readonly retryBudget: RetryBudgetView | undefined;
  readonly pause: HostPauseView;
  /** Undefined where the policy of the host has no concurrency limit. */
  readonly concurrencyLimit: ConcurrencyLimitView | undefined;
  /** Undefined where the policy of the host has no bulkhead. */
  readonly bulkhead: BulkheadView | undefined;
  /** Undefined where the policy of the host has no rate limit. */
  readonly rateLimit: RateLimitView | undefined;
  readonly counters: Readonly<HostCounters>;
  /** Calls whose response has not ended yet. */
  readonly activeCalls: number;
}

/** The hosts that have been called, least recently used first. */
export class Hosts implements Iterable<HostView> {
  readonly #registry: HostRegistry;
  /** Asked at each look, as those who listen come and go. */
  readonly #runtime: () => Runtime;
  readonly #policyOf: (host: HostState) => ResolvedPolicy;
  readonly #hostOf: (url: URL) => HostState;

  /** @internal */
  constructor(
    registry: HostRegistry,
    runtime: () => Runtime,
    policyOf: (host: HostState) => ResolvedPolicy,
    hostOf: (url: URL) => HostState,
  ) {
    this.#registry = registry;
    this.#runtime = runtime;
    this.#policyOf = policyOf;
    this.#hostOf = hostOf;
  }

  get size(): number {
    return this.#registry.size;
  }

  /**
   * A host that has been called: by its key (its origin), by `host:port`, or by its name alone, in which case the most
   * recently used wins. Undefined if there is none.
   */
  get(name: string): HostView | undefined {
    const host = this.#registry.get(name) ?? this.#find(name);
    return host && this.#view(host);
  }

  /** The host of a URL, also if it has never been called: to isolate it before anyone does. */
  for(url: string | URL): HostView {
    return this.#view(this.#hostOf(new URL(url)));
  }

  *[Symbol.iterator](): IterableIterator<HostView> {
    for (const host of this.#registry.values()) yield this.#view(host);
  }

  #find(name: string): HostState | undefined {
    const wanted = name.toLowerCase();
    let found: HostState | undefined;
    for (const host of this.#registry.values()) {
      if (host.url.host === wanted || host.url.hostname === wanted) found = host;
    }
    return found;
  }

  #view(host: HostState): HostView {
    const policyOf = this.#policyOf;
    const runtime = this.#runtime;
    return {
      key: host.key,
      counters: host.counters,
      get activeCalls() {
        return host.active;
      },
      get circuitBreaker() {
        // A host that goes without a circuit breaker can still be isolated by hand.
        const limits = policyOf(host).circuitBreaker;
        const present = runtime();
        const circuit = circuitOf(host, limits || readCircuitBreakerOptions({}), present);
        return viewCircuit(circuit, limits !== false, present);
      },
      get retryBudget() {
        const { retry } = policyOf(host);
        return retry === false || retry.budget === false ? undefined : budgetOf(host, retry.budget);
      },
      pause: viewPause(host, runtime()),
      get concurrencyLimit() {
        const { concurrencyLimit } = policyOf(host);
        return concurrencyLimit
          ? viewLimiter(limiterOf(host, concurrencyLimit), runtime().clock.now())
          : undefined;
      },
      get bulkhead() {
        const { bulkhead } = policyOf(host);
        return bulkhead === false ? undefined : viewBulkhead(permitsOf(host, bulkhead));
      },
      get rateLimit() {
        const { rateLimit } = policyOf(host);
        return rateLimit === false
          ? undefined
          : viewRateLimit(rateLimiterOf(host, rateLimit, runtime().clock));
      },
    };
  }
}

/** @param isHeeded - whether calls are refused by it when nobody has isolated the host. */
function viewCircuit(circuit: Circuit, isHeeded: boolean, { clock }: Runtime): CircuitBreakerView {
  const stateNow = () => {
    const state = circuit.state(clock.now());
    return isHeeded || state === 'isolated' ? state : 'closed';
  };
  return {
    get state() {
      return stateNow();
    },
    get counts() {
      return circuit.counts(clock.now());
    },
    get retryAfterMs() {
      return stateNow() === 'closed' ? undefined : circuit.refusal(clock.now())?.retryAfterMs;
    },
    isolate: () => circuit.isolate(),
    reset: () => circuit.reset(),
  };
}

function viewPause(host: HostState, { clock }: Runtime): HostPauseView {
  return {
    get remainingMs() {
      return peekPause(host)?.remainingMs(clock.now()) ?? 0;
    },
    get waiting() {
      return peekPause(host)?.waiting ?? 0;
    },
    resume: () => peekPause(host)?.resume(),
  };
}

function viewBulkhead(permits: Permits): BulkheadView {
  return {
    get maxConcurrent() {
      return permits.limits.maxConcurrent;
    },
    get maxQueued() {
      return permits.limits.maxQueued;
    },
    get inUse() {
      return permits.inUse;
    },
    get waiting() {
      return permits.waiting;
    },
    get refused() {
      return permits.refused;
    },
  };
}

function viewRateLimit(limiter: RateLimiter): RateLimitView {
  return {
    get perSecond() {
      return limiter.limits.perSecond;
    },
    get burst() {
      return limiter.limits.burst;
    },
    get tokens() {
      return limiter.tokens;
    },
    get left() {
      return limiter.left;
    },
    get readyMs() {
      return limiter.readyMs;
    },
    get waiting() {
      return limiter.waiting;
    },
    forget: () => limiter.forget(),
  };
}

/** A limit that nobody has needed for a while is gone, also when nobody has called since. */
const viewLimiter = (limiter: Limiter, now: number): ConcurrencyLimitView => ({
  limit: limiter.limitAt(now),
  inFlight: limiter.inFlight,
  waiting: limiter.waiting,
  isOverloaded: limiter.isOverloadedAt(now),
});
