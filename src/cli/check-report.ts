/** What `holdfast check` shows. */
import type { CheckedPolicy, PolicyCheck } from '../check/check-policy.ts';
import type { PolicyFigures } from '../check/figures.ts';
import type { Finding, Severity } from '../check/finding.ts';
import { short } from '../check/short.ts';

export function checkText({ policies, findings }: PolicyCheck, file: string): string {
  const text = [...policies.map(policyText), summary(findings, file)].join('\n\n');
  // What a file says may not move the cursor.
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ');
}

function policyText({ where, figures, findings }: CheckedPolicy): string {
  const title = where === 'policy' ? 'All hosts' : where;
  return [title, ...figuresText(figures), ...findings.map(findingText)].join('\n');
}

function figuresText(figures: PolicyFigures): string[] {
  const { longestCallMs, longestAnswerMs, allAttemptsMs, waitsMs, attemptsPerCall } = figures;
  const { attemptsAcrossLayers, outage, traffic } = figures;
  const { callsUnderWay, attemptsPerWindow, tripAfterMs } = traffic;
  const lines: [string, string | undefined][] = [
    ['longest call', `${time(longestCallMs)}; ${time(longestAnswerMs)} until its answer`],
    ['all attempts', `${time(allAttemptsMs)} if each times out, ${time(waitsMs)} of them waits`],
    ['attempts', `${count(attemptsPerCall)} per call${across(attemptsPerCall, attemptsAcrossLayers)}`],
    ['in an outage', outageText(outage)],
    [
      'under way',
      callsUnderWay === undefined ? undefined : `${short(callsUnderWay)} calls at once on average`,
    ],
    [
      'circuit',
      tripAfterMs === undefined
        ? undefined
        : `${tripAfterMs === Number.POSITIVE_INFINITY ? 'never opens' : `open after ${time(tripAfterMs)}`}; ` +
          `up to ${count(attemptsPerWindow ?? 0)} attempts in its window`,
    ],
  ];
  return lines.flatMap(([name, text]) => (text === undefined ? [] : [`  ${name.padEnd(14)}${text}`]));
}

const across = (one: number, all: number): string => (all === one ? '' : `, ${count(all)} across the layers`);

function outageText({ burst, burstAfterTimeouts, longRunAttemptsPerCall }: PolicyFigures['outage']): string {
  if (burst === 0 && burstAfterTimeouts === 0) return 'no further attempts';
  if (burst === Number.POSITIVE_INFINITY)
    return `${count(longRunAttemptsPerCall)} attempts per call, with no end`;
  const after = burstAfterTimeouts === burst ? '' : ` (${burstAfterTimeouts} after timeouts)`;
  return `${burst} further attempts${after}, then ${count(longRunAttemptsPerCall)} per call`;
}

const findingText = ({ severity, code, problem, suggestion }: Finding): string =>
  [`  ${severity.padEnd(9)}${code}: ${problem}`, `           → ${suggestion}`].join('\n');

const time = (ms: number): string => {
  if (ms === Number.POSITIVE_INFINITY) return 'no limit';
  return ms < 1_000 ? `${short(ms)} ms` : `${Number((ms / 1_000).toFixed(2))} s`;
};

const count = (number: number): string =>
  number === Number.POSITIVE_INFINITY ? 'any number of' : short(number);

function summary(findings: readonly Finding[], file: string): string {
  const of = (severity: Severity, word: string) => {
    const number = findings.filter(finding => finding.severity === severity).length;
    return `${number} ${word}${number === 1 ? '' : 's'}`;
  };
  return `${file}: ${of('error', 'error')}, ${of('warning', 'warning')}, ${of('info', 'note')}.`;
}

/** The same for programs. No limit is "Infinity", as in a policy file. */
export const checkJson = (result: PolicyCheck): string =>
  JSON.stringify(result, (_, value) => (value === Number.POSITIVE_INFINITY ? 'Infinity' : value), 2);
