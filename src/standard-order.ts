import type { HostState } from './hosts/host-state.ts';
import type { Call } from './pipeline/call.ts';
import type { Clock } from './pipeline/clock.ts';
import type { Policy } from './pipeline/pipeline.ts';
import { attempt } from './policies/attempt.ts';
import { adoptBulkhead, hostBulkhead } from './policies/bulkhead/bulkhead.ts';
import { peekCircuit } from './policies/circuit-breaker/circuit.ts';
import { circuitBreaker, isolationOnly } from './policies/circuit-breaker/circuit-breaker.ts';
import {
  type HostPauseLimits,
  hearPause,
  hostPause,
  peekPause,
  waitOutPause,
} from './policies/host-pause.ts';
import type { ResolvedPolicy } from './policies/policy-options.ts';
import { adoptRateLimit, hostRateLimit } from './policies/rate-limit/rate-limit.ts';
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
  'retry',
  'hedge',
  'attempt',
  'hostPause',
  'rateLimit',
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
  return {
    callSpan: spans ? callSpan(spans.settings) : undefined,
    fallback: undefined,
    cache: undefined,
    coalesce: undefined,
    totalTimeout: totalTimeout({ limitMs: policy.totalTimeoutMs }),
    bulkhead: policy.bulkhead === false ? undefined : hostBulkhead(policy.bulkhead, policy.priority),
    retry:
      policy.retry === false ? undefined : retry(policy.retry, policy.circuitBreaker ? isRefused : undefined),
    hedge: undefined,
    attempt: attempt(hearsAtAttempt ? hearPause(policy.hostPause) : undefined),
    hostPause: listens ? (hearsAtAttempt ? waitOutPause : hostPause)(policy.hostPause) : undefined,
    rateLimit:
      policy.rateLimit === false
        ? undefined
        : hostRateLimit(policy.rateLimit, {
            isRefused: policy.circuitBreaker ? isRefused : undefined,
            notBefore: listens ? pausedUntil : undefined,
          }),
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

/** A pause that begins while calls wait for the rate limit holds them too. */
const pausedUntil = ({ host }: Call): number => peekPause(host)?.until ?? Number.NEGATIVE_INFINITY;

/** What is kept of a host comes under another policy: whoever waits hears of it. */
export function adopt(host: HostState, policy: ResolvedPolicy, clock: Clock): void {
  adoptBulkhead(host, policy.bulkhead);
  adoptRateLimit(host, policy.rateLimit, clock);
}
