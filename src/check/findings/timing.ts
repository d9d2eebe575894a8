/** Whether there is an end to a call, and time for its retries. */
import type { ResolvedPolicy } from '../../policies/policy-options.ts';
import type { Case, Found, Rule } from '../finding.ts';
import { attemptTimeoutWithin, scheduleOf } from '../schedule.ts';

export const timing: Rule = examined => [...endless(examined), ...retries(examined)];

function endless({ policy: { attemptTimeoutMs, totalTimeoutMs } }: Case): Found[] {
  if (attemptTimeoutMs !== Number.POSITIVE_INFINITY || totalTimeoutMs !== Number.POSITIVE_INFINITY) return [];
  return [
    {
      severity: 'warning',
      code: 'NO_TIME_OUT',
      problem:
        'with neither `attemptTimeoutMs` nor `totalTimeoutMs`, a call to a host that hangs never ends.',
      suggestion: 'Set `attemptTimeoutMs`, which ends when a stream begins.',
      numbers: { attemptTimeoutMs, totalTimeoutMs },
    },
  ];
}

function retries({ policy, figures: { allAttemptsMs, waitsMs, retriesInTime } }: Case): Found[] {
  const { retry, attemptTimeoutMs, totalTimeoutMs } = policy;
  if (!retry || !Number.isFinite(retry.maxRetries) || !Number.isFinite(attemptTimeoutMs)) return [];
  const { maxRetries, maxElapsedMs } = retry;
  const isInTime = retriesInTime === maxRetries;
  if (isInTime && allAttemptsMs <= totalTimeoutMs) return [];
  const attempts = 1 + maxRetries;
  const { roundMs } = scheduleOf(policy);
  const sum = `${attempts} attempts of up to ${roundMs} ms and ${waitsMs} ms between them are ${allAttemptsMs} ms`;
  const numbers = { attempts, attemptTimeoutMs, waitsMs, allAttemptsMs, totalTimeoutMs, retriesInTime };
  if (isInTime)
    return [
      {
        severity: 'info',
        code: 'RETRY_CUT_SHORT',
        problem: `${sum}, over \`totalTimeoutMs\` (${totalTimeoutMs}): the last may not have all of its time.`,
        suggestion: `That does no harm. ${waysOut(policy, allAttemptsMs, waitsMs, attempts)}`,
        numbers,
      },
    ];
  const isElapsed = maxElapsedMs < totalTimeoutMs;
  const limit = isElapsed
    ? `\`retry.maxElapsedMs\` (${maxElapsedMs})`
    : `\`totalTimeoutMs\` (${totalTimeoutMs})`;
  const started = retriesInTime === 0 ? 'none starts' : `${retriesInTime} can start`;
  return [
    {
      severity: 'warning',
      code: 'RETRIES_CANNOT_FIT',
      problem: `${sum}, which ${limit} cuts off: of ${maxRetries} retries ${started} if attempts time out.`,
      suggestion: isElapsed
        ? 'Lower `attemptTimeoutMs` or raise `retry.maxElapsedMs`.'
        : waysOut(policy, allAttemptsMs, waitsMs, attempts),
      numbers: isElapsed ? { ...numbers, maxElapsedMs } : numbers,
    },
  ];
}

function waysOut(policy: ResolvedPolicy, allAttemptsMs: number, waitsMs: number, attempts: number): string {
  const attemptMs = Math.floor(attemptTimeoutWithin(policy, (policy.totalTimeoutMs - waitsMs) / attempts));
  const raise = `raise \`totalTimeoutMs\` to ${Math.ceil(allAttemptsMs)}`;
  if (attemptMs < 1) return `To fit all, ${raise} or lower \`retry.maxRetries\`.`;
  return `To fit all, lower \`attemptTimeoutMs\` to ${attemptMs} or ${raise}.`;
}
