/** What `createFetch` warns of. */
import { adviseOn } from '../../policies/policy-options.ts';
import type { FindingCode, Rule, Severity } from '../finding.ts';

/** What is no error in a running program may well be one where somebody asks. */
const severities: Partial<Record<FindingCode, Severity>> = {
  ENDLESS: 'error',
  HEDGE_TOO_LATE: 'error',
  NO_RATE: 'error',
};

export const advice: Rule = ({ options }) =>
  adviseOn(options, '').map(({ code, problem, suggestion, numbers }) => ({
    severity: severities[code as FindingCode] ?? 'warning',
    code: code as FindingCode,
    problem,
    suggestion,
    numbers,
  }));
