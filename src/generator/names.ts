/** Names for what a document calls as it likes: identifiers that are free, and stay the same. */

import type { Node } from './document/node.ts';
import type { Problems } from './document/problems.ts';

/** Words that cannot name anything, and globals that the code around a name uses. */
const taken = new Set(
  (
    'abstract any as asserts async await bigint boolean break case catch class const constructor continue debugger ' +
    'declare default delete do else enum eval export extends false finally for from function get if implements import ' +
    'in infer instanceof interface is keyof let module namespace never new null number object of package private ' +
    'protected public readonly require return set static string super switch symbol then this throw true try type ' +
    'typeof undefined unique unknown var void while with yield arguments globalThis NaN Infinity Array ArrayBuffer ' +
    'BigInt Blob Boolean Date JSON Map Math Number Object Record RegExp Set String Symbol Temporal Uint8Array URL z'
  ).split(' '),
);

/** Words of a name, whatever separates them. */
export const wordsOf = (name: string): string[] =>
  name
    .normalize('NFC')
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[^\p{L}\p{Nd}]+/u)
    .filter(word => word !== '');

/** `list tickets` to `ListTickets`. */
export const pascalCase = (name: string): string =>
  guarded(
    wordsOf(name)
      .map(word => word.charAt(0).toUpperCase() + word.slice(1))
      .join(''),
    'Schema',
  );

/** `List-Tickets` to `listTickets`; a word of capitals is one word. */
export const camelCase = (name: string): string => {
  const [first = '', ...rest] = wordsOf(name);
  const head = /^\p{Lu}+$/u.test(first)
    ? first.toLowerCase()
    : first.charAt(0).toLowerCase() + first.slice(1);
  return guarded(
    [head, ...rest.map(word => word.charAt(0).toUpperCase() + word.slice(1))].join(''),
    'operation',
  );
};

/** An identifier begins with a letter. */
const guarded = (name: string, fallback: string): string =>
  /^\p{L}/u.test(name) ? name : `${fallback}${name}`;

/** The names of one module: `createUser` calls an operation, and `CreateUser` may be what it is called with. */
export class Names {
  readonly #problems: Problems;
  readonly #used = new Set<string>();

  constructor(problems: Problems, reserved: Iterable<string> = []) {
    this.#problems = problems;
    for (const name of reserved) this.#used.add(name);
  }

  /** The name itself, or with a number behind it if it is not free: told of where the document itself calls it so. */
  claim(wanted: string, node: Node | undefined): string {
    let name = wanted;
    for (let count = 2; this.#isTaken(name); count++) name = `${wanted}${count}`;
    this.#used.add(name);
    if (node && name !== wanted && !taken.has(wanted))
      this.#problems.warn(`The name ${wanted} is taken already.`, `It is called ${name}.`, node);
    return name;
  }

  #isTaken(name: string): boolean {
    return taken.has(name) || this.#used.has(name);
  }
}
