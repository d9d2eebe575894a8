/**
 * JSON. The engine's own parser is many times faster than any other, and knows no places: they are found again in the
 * text, of which it is known then that it is right.
 */
import { type Path, positionAt, type Source } from './position.ts';

/** undefined for what is not JSON. */
export function readJson(text: string): Source | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const places = new Places(text);
  return { value, positionOf: path => positionAt(text, places.offsetOf(path)) };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

class Places {
  readonly #text: string;
  /** Of what has been looked into, where the members begin: a large text is not gone through for each message. */
  readonly #members = new Map<number, ReadonlyMap<string, number>>();

  constructor(text: string) {
    this.#text = text;
  }

  offsetOf(path: Path): number {
    let offset = this.#skipBlanks(0);
    for (const key of path) {
      const member = this.#membersAt(offset).get(String(key));
      if (member === undefined) return offset;
      offset = member;
    }
    return offset;
  }

  #membersAt(offset: number): ReadonlyMap<string, number> {
    let members = this.#members.get(offset);
    if (!members) {
      members = this.#readMembers(offset);
      this.#members.set(offset, members);
    }
    return members;
  }

  #readMembers(offset: number): Map<string, number> {
    const members = new Map<string, number>();
    const opening = this.#text.charCodeAt(offset);
    if (opening !== OPEN_OBJECT && opening !== OPEN_LIST) return members;
    const isList = opening === OPEN_LIST;
    let at = this.#skipBlanks(offset + 1);
    while (!isClosing(this.#text.charCodeAt(at))) {
      let key = String(members.size);
      if (!isList) {
        const end = this.#skipText(at);
        key = JSON.parse(this.#text.slice(at, end));
        at = this.#skipBlanks(this.#skipBlanks(end) + 1);
      }
      members.set(key, at);
      at = this.#skipBlanks(this.#skipValue(at));
      if (this.#text.charCodeAt(at) === COMMA) at = this.#skipBlanks(at + 1);
    }
    return members;
  }

  #skipValue(offset: number): number {
    let depth = 0;
    let at = offset;
    do {
      const character = this.#text.charCodeAt(at);
      if (character === QUOTE) at = this.#skipText(at);
      else {
        if (character === OPEN_OBJECT || character === OPEN_LIST) depth++;
        if (isClosing(character)) depth--;
        at = depth === 0 && !isClosing(character) ? this.#skipWord(at) : at + 1;
      }
    } while (depth > 0);
    return at;
  }

  /** A number, or one of the three words. */
  #skipWord(offset: number): number {
    let at = offset;
    while (at < this.#text.length && !isEndOfWord(this.#text.charCodeAt(at))) at++;
    return at;
  }

  #skipText(offset: number): number {
    let at = offset + 1;
    for (
      let character = this.#text.charCodeAt(at);
      character !== QUOTE;
      character = this.#text.charCodeAt(at)
    )
      at += character === BACKSLASH ? 2 : 1;
    return at + 1;
  }

  #skipBlanks(offset: number): number {
    let at = offset;
    while (isBlank(this.#text.charCodeAt(at))) at++;
    return at;
  }
}

const isBlank = (character: number): boolean =>
  character === 0x20 || character === 0x0a || character === 0x0d || character === 0x09;

const isClosing = (character: number): boolean => character === CLOSE_OBJECT || character === CLOSE_LIST;

const isEndOfWord = (character: number): boolean =>
  character === COMMA || isClosing(character) || isBlank(character);
