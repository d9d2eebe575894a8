/** What `holdfast diff` shows. */
import type { Change, Place } from '../generator/diff/change.ts';
import type { DiffResult } from '../generator/diff/diff.ts';

/** So many operations are named where a change reaches many. */
const namedOperations = 3;

/** Changes by the operations that they reach, what breaks first. */
export function diffText({ changes }: DiffResult, [from, to]: readonly [string, string]): string {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const title = titleOf(change.operations);
    groups.set(title, [...(groups.get(title) ?? []), change]);
  }
  const parts = [...groups].map(([title, group]) =>
    [title, ...breakingFirst(group).map(changeText)].join('\n'),
  );
  // What a document says may not move the cursor.
  const text = [...parts, summary(changes, from, to)].join('\n\n');
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ');
}

function titleOf(operations: readonly string[]): string {
  if (operations.length === 0) return 'The document';
  const shown = operations.slice(0, namedOperations).join(', ');
  const hidden = operations.length - namedOperations;
  return hidden > 0 ? `${shown} and ${hidden} more` : shown;
}

const levels: readonly Change['level'][] = ['breaking', 'compatible', 'note'];

const breakingFirst = (changes: readonly Change[]): Change[] =>
  changes.toSorted((one, other) => levels.indexOf(one.level) - levels.indexOf(other.level));

const sides = { request: 'sent', response: 'received' } as const;

function changeText({ level, message, side, from, to }: Change): string {
  const label = level.padEnd('compatible'.length);
  const where = side ? ` (${sides[side]})` : '';
  return [`  ${label}  ${message}${where}`, placeText('-', from), placeText('+', to)]
    .filter(Boolean)
    .join('\n');
}

const placeText = (sign: string, place: Place | undefined): string =>
  place ? `              ${sign} ${place.file}:${place.line} #${place.pointer}` : '';

function summary(changes: readonly Change[], from: string, to: string): string {
  if (changes.length === 0) return `${from} → ${to}: callers notice nothing.`;
  const [breaking, compatible, notes = 0] = levels.map(
    level => changes.filter(change => change.level === level).length,
  );
  const noted = notes === 0 ? '' : `, ${notes} note${notes === 1 ? '' : 's'}`;
  return `${from} → ${to}: ${breaking} breaking, ${compatible} compatible${noted}.`;
}

/** The same for programs. */
export const diffJson = ({ changes, isBreaking }: DiffResult): string =>
  JSON.stringify({ isBreaking, changes }, null, 2);
