/** What a run has to say at its end. */
import { type Problem, problemText } from '../generator/document/problems.ts';
import type { GenerateOptions, GenerateResult } from '../generator/generate.ts';
import type { VerifyResult } from '../generator/verify/verify.ts';

/** So many warnings are shown with their place; more are counted. */
const shownWarnings = 20;

/** What could not be taken as it stands: warnings with their places, then what is not enforced, by kind. */
export function problemsText(problems: readonly Problem[], isVerbose: boolean): string {
  const notes = problems.filter(({ severity }) => severity === 'note');
  const others = problems.filter(({ severity }) => severity !== 'note');
  const shown = isVerbose ? problems : others.slice(0, shownWarnings);
  const hidden = isVerbose ? 0 : others.length - shown.length;
  const parts = shown.map(problem => problemText(problem));
  if (hidden > 0) parts.push(`… and ${count(hidden, 'more warning')}: --verbose shows all.`);
  if (!isVerbose && notes.length > 0) parts.push(notesText(notes));
  return parts.join('\n\n');
}

/** Notes are many and of few kinds. */
function notesText(notes: readonly Problem[]): string {
  const byText = new Map<string, Problem[]>();
  for (const note of notes) {
    const text = `${note.message} ${note.instead}`;
    byText.set(text, [...(byText.get(text) ?? []), note]);
  }
  const lines = [...byText].map(([text, [first, ...rest]]) => {
    const at = first?.node ? ` (${first.node.file.name}#${first.node.pointer}` : '';
    const more = rest.length > 0 ? `, and ${rest.length} more` : '';
    return `  ${text}${at}${at ? `${more})` : ''}`;
  });
  return `Of what the document says, this is not in the contract:\n${lines.join('\n')}`;
}

/** One line, whatever came of it. */
export function summaryText(
  result: GenerateResult,
  { output, check = false }: GenerateOptions,
  seconds: number,
): string {
  const { operations, schemas, problems, written, unchanged, removed, isStale } = result;
  const of = (severity: string) => problems.filter(problem => problem.severity === severity).length;
  const contents = `${count(operations, 'operation')}, ${count(schemas, 'schema')}`;
  const told = `${count(of('warning'), 'warning')}, ${count(of('note'), 'note')}`;
  const files = [
    `${count(written.length, 'file')} ${check ? 'to write' : 'written'}`,
    ...(unchanged.length > 0 ? [`${unchanged.length} unchanged`] : []),
    ...(removed.length > 0 ? [`${removed.length} ${check ? 'to remove' : 'removed'}`] : []),
  ].join(', ');
  const verdict = check ? (isStale ? ' It is stale: run without --check.' : ' It is up to date.') : '';
  return `${output}: ${contents}; ${files}; ${told}; ${seconds.toFixed(1)} s.${verdict}`;
}

/** What the compiler found, or that it found nothing. */
export function verdictText({ schemas, disagreements }: VerifyResult): string {
  if (disagreements.length === 0) return `Schemas and types agree: ${count(schemas, 'schema')} verified.`;
  const found = disagreements.map(({ name, message }) => `error: ${name ? `${name}: ` : ''}${message}`);
  return [...found, `Of ${count(schemas, 'schema')}, ${disagreements.length} did not verify.`].join('\n');
}

const count = (number: number, what: string): string =>
  `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
