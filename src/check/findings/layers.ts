/** What retries in several services on the way come to. */
import type { Rule } from '../finding.ts';

export const layersMultiply: Rule = ({ policy: { retry }, figures, traffic: { layers } }) => {
  const { attemptsPerCall, attemptsAcrossLayers } = figures;
  if (layers === 1 || attemptsPerCall === 1) return [];
  const isBounded = retry === false || retry.budget !== false;
  return [
    {
      severity: isBounded ? 'info' : 'warning',
      code: 'LAYERS_MULTIPLY',
      problem:
        `${layers} layers with ${attemptsPerCall} attempts each make up to ${attemptsAcrossLayers} attempts of one ` +
        `call at the last of them${isBounded ? ', until their budgets are empty' : ', as long as an outage lasts'}.`,
      suggestion: isBounded
        ? 'Retry in one layer, best in the one next to the host, and set `retry: false` in the others.'
        : 'Leave out `budget: false`, and retry in one layer: set `retry: false` in the others.',
      numbers: { layers, attemptsPerCall, attemptsAcrossLayers },
    },
  ];
};
