/** Keywords that stand for themselves: what becomes of the values that pass. */
import type { Effect } from './change.ts';
import { bounds } from './view.ts';

/** Undefined if nothing changes. */
export function effectOf(keyword: string, from: unknown, to: unknown): Effect | undefined {
  if (JSON.stringify(from) === JSON.stringify(to)) return undefined;
  if (from === undefined) return 'narrowed';
  if (to === undefined) return 'widened';
  const takesMore = bounds.get(keyword);
  if (takesMore !== undefined) return Number(to) > Number(from) === takesMore ? 'widened' : 'narrowed';
  if (keyword === 'multipleOf') return effectOfMultiple(Number(from), Number(to));
  if (keyword === 'format') return effectOfFormat(String(from), String(to));
  return 'changed';
}

function effectOfMultiple(from: number, to: number): Effect {
  if (to % from === 0) return 'narrowed';
  return from % to === 0 ? 'widened' : 'changed';
}

/** Of formats, one of which holds the other. */
const larger: Readonly<Record<string, string>> = { int32: 'int64', float: 'double' };

function effectOfFormat(from: string, to: string): Effect {
  if (larger[from] === to) return 'widened';
  return larger[to] === from ? 'narrowed' : 'changed';
}
