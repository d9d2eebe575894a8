/** Whether hedges are of calls that may be under way twice. */
import { isSafe } from '../../http/method.ts';
import type { Rule } from '../finding.ts';

export const hedging: Rule = ({ policy: { hedge, retry, idempotencyKey } }) => {
  if (!hedge) return [];
  const unsafe = retry ? retry.methods.filter(method => !isSafe(method)) : [];
  const reasons = [
    retry !== false && retry.idempotent ? '`retry.idempotent` declares every call repeatable' : '',
    unsafe.length > 0 ? `\`retry.methods\` has ${unsafe.join(', ')}` : '',
    idempotencyKey === false ? '' : '`idempotencyKey` gives every call a key',
  ].filter(Boolean);
  if (reasons.length === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'HEDGE_OF_UNSAFE',
      problem:
        `${reasons.join(', and ')}, so \`hedge\` also sends calls that change something a second time, while the ` +
        'first is still at work.',
      suggestion:
        'If the service takes two at once for one, leave it so; what is repeatable one after the other often is not. ' +
        'If it does not, set `hedge: false` for these calls or this host.',
      numbers: { maxHedges: hedge.maxHedges },
    },
  ];
};
