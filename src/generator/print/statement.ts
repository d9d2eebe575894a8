/**
 * Statements at the top of modules. Each knows which half of it is for the compiler and which is there at run time, so
 * that it can be printed as TypeScript, which has both in one, or as JavaScript with declarations beside it.
 */
import { hardLine, type Layout, print } from './layout.ts';

/** What a module is written in. */
export type Emit = 'ts' | 'js';

/** What the names of a module's files end with. */
export type Ending = 'ts' | 'js' | 'd.ts';

/** Those of one module; the file that is loaded first. */
export const endingsOf: Readonly<Record<Emit, readonly Ending[]>> = { ts: ['ts'], js: ['js', 'd.ts'] };

/** What a part of a module is in each of its files. */
export type Text = Readonly<Partial<Record<Ending, string>>>;

/** `export const name: type = value;`, and what stands above it. */
export interface Statement {
  readonly name: string;
  /** With a line break behind it. What people read stands with the types: editors show it from there. */
  readonly docs?: Layout;
  /** A type of the same name. */
  readonly declaration?: Layout;
  readonly type: Layout;
  /** Where TypeScript states no type, since the value has it: what stands behind the value, such as ` as const`. */
  readonly inferredBy?: string;
  /** Behind what it is assigned to, whose length says how much room is left. */
  readonly value: (head: Layout) => Layout;
}

/** Each half is printed once: what TypeScript has of them is both, one behind the other. */
export function printStatement(statement: Statement, emit: Emit): Text {
  const { name, docs = '', declaration, type, inferredBy, value } = statement;
  const above = [docs, declaration === undefined ? '' : [declaration, hardLine]];
  const untyped = `export const ${name} =`;
  if (emit === 'js')
    return {
      js: print([value(untyped), ';']),
      'd.ts': print([above, `export declare const ${name}: `, type, ';']),
    };
  const head = inferredBy === undefined ? [`export const ${name}: `, type, ' ='] : untyped;
  return { ts: print([above, value(head), inferredBy ?? '', ';']) };
}

/** Parts of a module one behind the other, with a blank line between those that are not empty. */
export const joinTexts = (parts: readonly Text[], emit: Emit): Text =>
  Object.fromEntries(
    endingsOf[emit].map(ending => [ending, parts.flatMap(part => part[ending] || []).join('\n\n')]),
  );

/** A type within an expression, which JavaScript has no place for. */
export const annotation = (emit: Emit, type: string): string => (emit === 'ts' ? type : '');

/** The only parameter of a function. */
export const parameter = (emit: Emit, name: string, type: string): string =>
  emit === 'ts' ? `(${name}: ${type})` : name;
