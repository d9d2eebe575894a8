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
  return { value, repeated: repeatedIn(text), positionOf: path => positionAt(text, places.offsetOf(path)) };
}

/** The engine's parser drops them without a word. */
function repeatedIn(text: string): Path[] {
  const repeated: Path[] = [];
  const names: (Set<string> | undefined)[] = [];
  const keys: (string | number)[] = [];
  let isName = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === OPEN_OBJECT || character === OPEN_LIST) {
      isName = character === OPEN_OBJECT;
      names.push(isName ? new Set() : undefined);
      keys.push(isName ? '' : 0);
    } else if (isClosing(character)) {
      names.pop();
      keys.pop();
      isName = false;
    } else if (character === COMMA) {
      isName = names.at(-1) !== undefined;
      if (!isName) keys[keys.length - 1] = (keys.at(-1) as number) + 1;
    } else if (character === QUOTE) {
      const end = endOfText(text, at);
      if (isName) {
        const name: string = JSON.parse(text.slice(at, end));
        const known = names.at(-1) as Set<string>;
        keys[keys.length - 1] = name;
        if (known.has(name)) repeated.push([...keys]);
        known.add(name);
        isName = false;
      }
      at = end - 1;
    }
  }
  return repeated;
}

/** Behind the closing quote of a text. */
function endOfText(text: string, offset: number): number {
  let at = offset + 1;
  for (let character = text.charCodeAt(at); character !== QUOTE; character = text.charCodeAt(at))
    at += character === BACKSLASH ? 2 : 1;
  return at + 1;
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
        const end = endOfText(this.#text, at);
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
      if (character === QUOTE) at = endOfText(this.#text, at);
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
