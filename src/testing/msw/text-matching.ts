/** Texts that a regular expression matches. */
import type { Random } from '../../pipeline/clock.ts';

/** Makes one text, another each time. */
type Make = (random: Random) => string;

/**
 * A text that matches a pattern, if the pattern says what it wants piece by piece. What looks ahead or behind, or back
 * at a group, is taken for nothing: whoever needs to be sure looks at the text afterwards, and tries again.
 */
export const textMatching = ({ source }: RegExp, random: Random): string =>
  new PatternReader(source).alternatives()(random);

/** What stands for no end. */
const moreThanMin = 4;

const indexBelow = (count: number, random: Random): number => Math.floor(random() * count);

const nothing: Make = () => '';

/** Reads from left to right, each method what its name says. */
class PatternReader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  alternatives(): Make {
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    return random => (options[indexBelow(options.length, random)] as Make)(random);
  }

  #sequence(): Make {
    const pieces: Make[] = [];
    while (this.#at < this.#source.length && !this.#isNext('|') && !this.#isNext(')'))
      pieces.push(this.#piece());
    return random => pieces.map(make => make(random)).join('');
  }

  #piece(): Make {
    const make = this.#atom();
    const [min, max] = this.#quantity();
    return random =>
      Array.from({ length: min + indexBelow(max - min + 1, random) }, () => make(random)).join('');
  }

  #atom(): Make {
    if (this.#take('(')) return this.#group();
    if (this.#take('[')) return this.#set();
    if (this.#take('.')) return oneOf(word);
    if (this.#take('\\')) return this.#escape();
    if (this.#take('^') || this.#take('$')) return nothing;
    const [character] = this.#match(/./suy) as RegExpExecArray;
    return () => character;
  }

  #group(): Make {
    const isLooking = this.#match(/\?<?[=!]/y) !== null;
    this.#match(/\?(?::|<[^>]+>|[a-z-]+:)/y);
    const make = this.alternatives();
    this.#take(')');
    return isLooking ? nothing : make;
  }

  #escape(): Make {
    if (this.#match(/[bB]|[1-9]\d*|k<[^>]+>/y)) return nothing;
    return oneOf(this.#escaped());
  }

  /** The characters that an escape stands for. */
  #escaped(): readonly string[] {
    const property = this.#match(/[pP]\{[^}]+\}/y);
    if (property) return samples.filter(sample => new RegExp(`\\${property[0]}`, 'u').test(sample));
    const code = this.#match(/u\{([\da-f]+)\}|u([\da-f]{4})|x([\da-f]{2})/iy);
    if (code) return [String.fromCodePoint(Number.parseInt(code[1] ?? code[2] ?? (code[3] as string), 16))];
    const [letter] = this.#match(/./suy) as RegExpExecArray;
    return classes[letter] ?? [letter];
  }

  #set(): Make {
    const isNegated = this.#take('^');
    const members = new Set<string>();
    while (!this.#take(']')) {
      const from = this.#member();
      const isRange = from.length === 1 && this.#match(/-(?!\])/y) !== null;
      for (const character of isRange ? rangeOf(from, this.#member()) : from) members.add(character);
    }
    return oneOf(isNegated ? printable.filter(character => !members.has(character)) : [...members]);
  }

  #member(): readonly string[] {
    if (!this.#take('\\')) return [(this.#match(/./suy) as RegExpExecArray)[0]];
    return this.#take('b') ? ['\b'] : this.#escaped();
  }

  #quantity(): readonly [min: number, max: number] {
    const found = this.#match(/(?:\*|\+|\?|\{(\d+)(,?)(\d*)\})\??/y);
    if (!found) return [1, 1];
    const [all, least, comma, most] = found;
    if (least === undefined) return all.startsWith('?') ? [0, 1] : [all.startsWith('+') ? 1 : 0, moreThanMin];
    const min = Number(least);
    if (!comma) return [min, min];
    return [min, most ? Math.min(Number(most), min + moreThanMin) : min + moreThanMin];
  }

  #isNext(character: string): boolean {
    return this.#source.startsWith(character, this.#at);
  }

  #take(character: string): boolean {
    if (!this.#isNext(character)) return false;
    this.#at += character.length;
    return true;
  }

  /** @param pattern - sticky, so that it is looked for here and nowhere else. */
  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found) this.#at += found[0].length;
    return found;
  }
}

const oneOf =
  (characters: readonly string[]): Make =>
  random =>
    characters[indexBelow(characters.length, random)] ?? '';

/** @returns both ends and a dash for what is no range, as with a class at one end. */
function rangeOf([from]: readonly string[], to: readonly string[]): readonly string[] {
  const [first, last] = [from?.codePointAt(0) ?? 0, to[0]?.codePointAt(0) ?? 0];
  if (to.length !== 1 || last < first) return [from as string, '-', ...to];
  // A range over half of Unicode is as well represented by its beginning.
  const length = Math.min(last - first + 1, 256);
  return Array.from({ length }, (_, index) => String.fromCodePoint(first + index));
}

const between = (from: string, to: string): readonly string[] => rangeOf([from], [to]);
const digits = between('0', '9');
const word = [...between('a', 'z'), ...between('A', 'Z'), ...digits, '_'];
const printable = between(' ', '~');
const samples = [...printable, 'é', 'Ж', '日', '٣', '€', '🌊', '🪸'];

const classes: Readonly<Record<string, readonly string[]>> = {
  d: digits,
  D: printable.filter(character => !digits.includes(character)),
  w: word,
  W: printable.filter(character => !word.includes(character)),
  s: [' '],
  S: printable.slice(1),
  n: ['\n'],
  r: ['\r'],
  t: ['\t'],
  f: ['\f'],
  v: ['\v'],
  0: ['\0'],
};
