import type { Call } from './pipeline/call.ts';
import type { Policy } from './pipeline/pipeline.ts';
import { attempt } from './policies/attempt.ts';
import { peekCircuit } from './policies/circuit-breaker/circuit.ts';
import { circuitBreaker, isolationOnly } from './policies/circuit-breaker/circuit-breaker.ts';
import {
  admitWithinLimit,
  concurrencyLimit,
  learnLimit,
  peekLimiter,
} from './policies/concurrency-limit/concurrency-limit.ts';
import { type HostPauseLimits, hearPause, hostPause, waitOutPause } from './policies/host-pause.ts';
import type { ResolvedPolicy } from './policies/policy-options.ts';
import type { RefusalReason } from './policies/retry/decide.ts';
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
 * @param isSplit - whether a policy of somebody's own stands between two neighbours.
 */
export function standardPolicies(
  policy: ResolvedPolicy,
  spans: Spans | false,
  isSplit: (outer: Place, inner: Place) => boolean = () => false,
): Record<Place, Policy | undefined> {
  const listens = listensToHost(policy);
  // Where nothing can answer in the host's stead in between, one look at each outcome serves both.
  const hearsAtAttempt = listens && !isSplit('attempt', 'hostPause');
  const learnsAtCircuit =
    policy.concurrencyLimit &&
    policy.circuitBreaker &&
    !isSplit('circuitBreaker', 'throttle') &&
    !isSplit('throttle', 'concurrencyLimit');
  return {
    callSpan: spans ? callSpan(spans.settings) : undefined,
    fallback: undefined,
    cache: undefined,
    coalesce: undefined,
    totalTimeout: totalTimeout({ limitMs: policy.totalTimeoutMs }),
    bulkhead: undefined,
    rateLimit: undefined,
    retry: policy.retry === false ? undefined : retry(policy.retry, refusalOf(policy)),
    hedge: undefined,
    attempt: attempt(hearsAtAttempt ? hearPause(policy.hostPause) : undefined),
    hostPause: listens ? (hearsAtAttempt ? waitOutPause : hostPause)(policy.hostPause) : undefined,
    circuitBreaker:
      policy.circuitBreaker === false
        ? isolationOnly()
        : circuitBreaker(
            policy.circuitBreaker,
            learnsAtCircuit ? learnLimit(policy.concurrencyLimit, longestAttempt(policy)) : undefined,
          ),
    throttle: undefined,
    concurrencyLimit: learnsAtCircuit
      ? admitWithinLimit(policy.concurrencyLimit, longestAttempt(policy))
      : policy.concurrencyLimit
        ? concurrencyLimit(policy.concurrencyLimit, longestAttempt(policy))
        : undefined,
    attemptSpan: spans ? attemptSpan(spans.settings, spans.isInstrumented) : undefined,
    attemptTimeout: attemptTimeout({ limitMs: policy.attemptTimeoutMs }),
    chaos: undefined,
  };
}

/** Who does not respect `Retry-After` must not be stopped by it in another place. */
const listensToHost = (policy: ResolvedPolicy): policy is ResolvedPolicy & { hostPause: HostPauseLimits } =>
  policy.hostPause !== false && (policy.retry === false || policy.retry.respectRetryAfter);

/** How long an attempt may take until it times out, one way or the other. */
const longestAttempt = ({ attemptTimeoutMs, totalTimeoutMs }: ResolvedPolicy): number =>
  Math.min(attemptTimeoutMs, totalTimeoutMs);

/** What would refuse an attempt now, so that no retry is paid for and waited for in vain. */
function refusalOf(policy: ResolvedPolicy): (call: Call) => RefusalReason | undefined {
  return ({ host, record, runtime }) => {
    if (policy.circuitBreaker && peekCircuit(host)?.refusal(runtime.clock.now(), record))
      return 'circuit-open';
    if (policy.concurrencyLimit && peekLimiter(host)?.isFull) return 'overloaded';
    return undefined;
  };
}
