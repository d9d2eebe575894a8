/** Structured field values (RFC 9651), as far as we read them. */
import { type Item, isInnerList, parseDictionary, parseList } from 'structured-headers';

export type { Item } from 'structured-headers';

/** The items of a list, without those that are lists themselves; none if the field does not parse (RFC 9651 §4.2). */
export function itemsOf(value: string | null): Item[] {
  const members = value === null ? undefined : attempt(() => parseList(value));
  return members?.filter((member): member is Item => !isInnerList(member)) ?? [];
}

/** The bare values of a dictionary; undefined if the field does not parse. */
export function membersOf(value: string): ReadonlyMap<string, unknown> | undefined {
  const members = attempt(() => parseDictionary(value));
  return members && new Map([...members].map(([key, [bare]]) => [key, bare]));
}

/** A dictionary opens with `key=`, a list of items never does. */
const DICTIONARY = /^[a-z*][a-z0-9_.*-]*=/;

export const isDictionary = (value: string): boolean => DICTIONARY.test(value);

function attempt<Result>(parse: () => Result): Result | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
