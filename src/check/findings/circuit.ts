/** Whether the circuit can open, and soon enough to be of use. */

import type { Found, Rule } from '../finding.ts';
import { short } from '../short.ts';

export const circuit: Rule = ({ policy, figures, traffic: { callsPerSecond } }) => {
  const { circuitBreaker } = policy;
  if (!circuitBreaker) return [];
  const { failureRatio, consecutiveFailures, minimumThroughput, windowMs, minimumSilenceMs } = circuitBreaker;
  if (failureRatio === false && consecutiveFailures === false)
    return [
      {
        severity: 'error',
        code: 'CIRCUIT_CANNOT_TRIP',
        problem: '`circuitBreaker` has neither `failureRatio` nor `consecutiveFailures`, so it never opens.',
        suggestion: 'Set one, or `circuitBreaker: false`.',
        numbers: {},
      },
    ];
  const { attemptsPerWindow, tripAfterMs } = figures.traffic;
  if (callsPerSecond === undefined || attemptsPerWindow === undefined || tripAfterMs === undefined) return [];
  const found: Found[] = [];
  const numbers = { callsPerSecond, windowMs, attemptsPerWindow, minimumThroughput };
  if (failureRatio !== false && attemptsPerWindow < minimumThroughput) {
    const isOnly = consecutiveFailures === false;
    const most = Math.floor(attemptsPerWindow);
    found.push({
      severity: isOnly ? 'error' : 'warning',
      code: isOnly ? 'CIRCUIT_CANNOT_TRIP' : 'RATIO_CANNOT_TRIP',
      problem:
        `${callsPerSecond} calls per second are at most ${short(attemptsPerWindow)} attempts in ` +
        `\`circuitBreaker.windowMs\` (${windowMs}), retries included, below \`minimumThroughput\` ` +
        `(${minimumThroughput}): ` +
        (isOnly
          ? 'the circuit never opens.'
          : 'a host that fails in part never opens the circuit, only one that fails without a break.'),
      suggestion:
        (most >= 1 ? `Lower \`minimumThroughput\` to ${most} or less, or raise` : 'Raise') +
        ` \`windowMs\` to ${Math.ceil((windowMs * minimumThroughput) / attemptsPerWindow)} or more` +
        `${isOnly ? ', or give `consecutiveFailures`' : ''}.`,
      numbers,
    });
  }
  if (tripAfterMs > windowMs && consecutiveFailures !== false)
    found.push({
      severity: 'warning',
      code: 'CIRCUIT_SLOW_TO_TRIP',
      problem:
        `at ${callsPerSecond} calls per second, \`circuitBreaker.consecutiveFailures\` (${consecutiveFailures}) and ` +
        `\`minimumSilenceMs\` (${minimumSilenceMs}) together take ${short(tripAfterMs)} ms to open the circuit.`,
      suggestion: suggestionFor(callsPerSecond, minimumSilenceMs, windowMs),
      numbers: { callsPerSecond, consecutiveFailures, minimumSilenceMs, tripAfterMs },
    });
  return found;
};

/** So many failures in a row as come within a window. */
function suggestionFor(callsPerSecond: number, minimumSilenceMs: number, windowMs: number): string {
  if (minimumSilenceMs > windowMs) return 'Lower `minimumSilenceMs`.';
  const failures = Math.floor((callsPerSecond * windowMs) / 1_000);
  if (failures < 2) return 'With so few calls timeouts do the work: set `circuitBreaker: false`.';
  return `Lower \`consecutiveFailures\` to ${failures}.`;
}
