import type { Call } from './pipeline/call.ts';
import type { Policy } from './pipeline/pipeline.ts';
import { attempt } from './policies/attempt.ts';
import { peekCircuit } from './policies/circuit-breaker/circuit.ts';
import { circuitBreaker } from './policies/circuit-breaker/circuit-breaker.ts';
import { hostPause } from './policies/host-pause.ts';
import type { ResolvedPolicy } from './policies/policy-options.ts';
import { retry } from './policies/retry/retry.ts';
import { attemptTimeout, totalTimeout } from './policies/timeout.ts';

/** The places of the standard order, outermost first. What stands after `retry` runs once per attempt. */
export const standardOrder = [
  'totalTimeout',
  'retry',
  'attempt',
  'hostPause',
  'circuitBreaker',
  'attemptTimeout',
] as const;

export type Place = (typeof standardOrder)[number];

/** The standard policies under the options of a host; a place whose policy is off stays empty. */
export function standardPolicies(policy: ResolvedPolicy): Record<Place, Policy | undefined> {
  return {
    totalTimeout: totalTimeout({ limitMs: policy.totalTimeoutMs }),
    retry:
      policy.retry === false ? undefined : retry(policy.retry, policy.circuitBreaker ? isRefused : undefined),
    attempt: attempt(),
    hostPause: policy.hostPause === false ? undefined : hostPause(policy.hostPause),
    circuitBreaker: policy.circuitBreaker === false ? undefined : circuitBreaker(policy.circuitBreaker),
    attemptTimeout: attemptTimeout({ limitMs: policy.attemptTimeoutMs }),
  };
}

const isRefused = (call: Call): boolean =>
  peekCircuit(call.host)?.refusal(call.runtime.clock.now()) !== undefined;
