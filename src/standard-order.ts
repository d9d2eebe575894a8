import type { Call } from './pipeline/call.ts';
import type { Policy } from './pipeline/pipeline.ts';
import { attempt } from './policies/attempt.ts';
import type { HttpCache } from './policies/cache/options.ts';
import { peekCircuit } from './policies/circuit-breaker/circuit.ts';
import { circuitBreaker, isolationOnly } from './policies/circuit-breaker/circuit-breaker.ts';
import { type HostPauseLimits, hearPause, hostPause, waitOutPause } from './policies/host-pause.ts';
import type { ResolvedPolicy } from './policies/policy-options.ts';
import { retry } from './policies/retry/retry.ts';
import { attemptTimeout, totalTimeout } from './policies/timeout.ts';
import type { TelemetrySettings } from './telemetry/options.ts';
import { attemptSpan, callSpan } from './telemetry/policies.ts';

/** The places of the standard order, outermost first. What stands after `hedge` runs once per attempt. */
export const standardOrder = [
  'callSpan',
  'fallback',
  'cache',
  'coalesce',
  'totalTimeout',
  'bulkhead',
  'rateLimit',
  'retry',
  'hedge',
  'attempt',
  'hostPause',
  'circuitBreaker',
  'throttle',
  'concurrencyLimit',
  'attemptSpan',
  'attemptTimeout',
  'chaos',
] as const;

export type Place = (typeof standardOrder)[number];

/** What is made of the calls of one client; false for nothing. */
export interface Spans {
  readonly settings: TelemetrySettings;
  readonly isInstrumented: () => boolean;
}

/**
 * The standard policies under the options of a host; a place whose policy is off stays empty.
 *
 * @param cacheStore - where the cache keeps answers; required where it is on.
 * @param isSplit - whether a policy of somebody's own stands between two neighbours.
 */
export function standardPolicies(
  policy: ResolvedPolicy,
  spans: Spans | false,
  cacheStore: HttpCache | undefined,
  isSplit: (outer: Place, inner: Place) => boolean = () => false,
): Record<Place, Policy | undefined> {
  const listens = listensToHost(policy);
  // Where nothing can answer in the host's stead in between, one look at each outcome serves both.
  const hearsAtAttempt = listens && !isSplit('attempt', 'hostPause');
  return {
    callSpan: spans ? callSpan(spans.settings) : undefined,
    fallback: undefined,
    cache: policy.cache === false ? undefined : cacheStore?.policy(policy.cache),
    coalesce: undefined,
    totalTimeout: totalTimeout({ limitMs: policy.totalTimeoutMs }),
    bulkhead: undefined,
    rateLimit: undefined,
    retry:
      policy.retry === false ? undefined : retry(policy.retry, policy.circuitBreaker ? isRefused : undefined),
    hedge: undefined,
    attempt: attempt(hearsAtAttempt ? hearPause(policy.hostPause) : undefined),
    hostPause: listens ? (hearsAtAttempt ? waitOutPause : hostPause)(policy.hostPause) : undefined,
    circuitBreaker: policy.circuitBreaker === false ? isolationOnly() : circuitBreaker(policy.circuitBreaker),
    throttle: undefined,
    concurrencyLimit: undefined,
    attemptSpan: spans ? attemptSpan(spans.settings, spans.isInstrumented) : undefined,
    attemptTimeout: attemptTimeout({ limitMs: policy.attemptTimeoutMs }),
    chaos: undefined,
  };
}

/** Who does not respect `Retry-After` must not be stopped by it in another place. */
const listensToHost = (policy: ResolvedPolicy): policy is ResolvedPolicy & { hostPause: HostPauseLimits } =>
  policy.hostPause !== false && (policy.retry === false || policy.retry.respectRetryAfter);

const isRefused = (call: Call): boolean =>
  peekCircuit(call.host)?.refusal(call.runtime.clock.now(), call.record) !== undefined;
