/**
 * What a policy comes to, in numbers, and what of it cannot work.
 *
 * @module holdfast/check
 */
export { type CheckedPolicy, checkPolicy, type PolicyCheck } from './check-policy.ts';
export type { OutageFigures, PolicyFigures, TrafficFigures } from './figures.ts';
export type { Finding, FindingCode, Severity } from './finding.ts';
export type { Traffic } from './traffic.ts';
