/** Whether what bounds the traffic lets it through. */

import type { Found, Rule } from '../finding.ts';
import { short } from '../short.ts';

/** Above this share of a limit, ordinary unevenness of arrivals fills it. */
const nearlyFull = 0.8;

/** Room above the average. */
const headroom = 1.5;

export const capacity: Rule = ({ policy, figures, traffic: { callsPerSecond, latencyMs } }) => {
  const { bulkhead, concurrencyLimit, rateLimit } = policy;
  const found: Found[] = [];
  if (callsPerSecond === undefined) return found;
  if (rateLimit && rateLimit.perSecond < callsPerSecond)
    found.push({
      severity: 'error',
      code: 'RATE_LIMIT_TOO_LOW',
      problem: `\`rateLimit.perSecond\` (${rateLimit.perSecond}) is below ${callsPerSecond} calls per second.`,
      suggestion: 'Raise it if the quota allows, or call less: the rest waits and then fails.',
      numbers: { callsPerSecond, perSecond: rateLimit.perSecond },
    });
  const { callsUnderWay } = figures.traffic;
  if (latencyMs === undefined || callsUnderWay === undefined) return found;
  const needed = `${callsPerSecond} calls per second of ${latencyMs} ms each are ${short(callsUnderWay)} under way at once`;
  const enough = Math.ceil(callsUnderWay * headroom);
  if (bulkhead && callsUnderWay > nearlyFull * bulkhead.maxConcurrent) {
    const { maxConcurrent } = bulkhead;
    const isOver = callsUnderWay > maxConcurrent;
    found.push({
      severity: isOver ? 'error' : 'warning',
      code: isOver ? 'BULKHEAD_TOO_SMALL' : 'BULKHEAD_NEARLY_FULL',
      problem: isOver
        ? `${needed}, above \`bulkhead.maxConcurrent\` (${maxConcurrent}), which carries ` +
          `${short((maxConcurrent / latencyMs) * 1_000)} per second: the queue fills, and the rest is refused.`
        : `${needed} on average, near \`bulkhead.maxConcurrent\` (${maxConcurrent}): at busy moments calls wait.`,
      suggestion: `Raise \`bulkhead.maxConcurrent\` to ${enough}.`,
      numbers: { callsPerSecond, latencyMs, callsUnderWay, maxConcurrent },
    });
  }
  if (concurrencyLimit && callsUnderWay > concurrencyLimit.maxLimit) {
    const { maxLimit } = concurrencyLimit;
    found.push({
      severity: 'error',
      code: 'CONCURRENCY_LIMIT_TOO_LOW',
      problem: `${needed}, above \`concurrencyLimit.maxLimit\` (${maxLimit}): a healthy host is kept from serving them.`,
      suggestion: `Raise it to ${enough}, or leave it out.`,
      numbers: { callsPerSecond, latencyMs, callsUnderWay, maxLimit },
    });
  }
  return found;
};
