/** Code together with its type, so that no compiler has to infer what a module exports (`isolatedDeclarations`). */
import { literal, member, quoted } from '../print/code.ts';
import { braces, broken, indent, join, type Layout, line, list } from '../print/layout.ts';

export interface Typed {
  readonly code: Layout;
  readonly type: Layout;
}

/** A schema. */
export interface TypedSchema extends Typed {
  /** The type of what it makes. */
  readonly output: Layout;
}

/** A schema that is declared elsewhere, and its output under the same name. */
export const named = (name: string): TypedSchema => ({ code: name, type: `typeof ${name}`, output: name });

/** A text that is what it is to the compiler as well. */
export const constant = (text: string): Typed => ({ code: quoted(text), type: quoted(text) });

/** Members that are what they are to the compiler as well. */
export function constantMembers(members: object): Typed {
  const printed = Object.entries(members).map(([name, value]) => [`${name}: `, literal(value)]);
  return { code: braces(printed), type: braces(printed, ';') };
}

/** The schema of what nobody has described. */
export const anything: TypedSchema = {
  code: '/* @__PURE__ */ z.unknown()',
  type: 'z.ZodUnknown',
  output: 'unknown',
};

export const nothing: Typed = { code: 'null', type: 'null' };

/** `{ name: … }`, and its type. Names are as they are printed. */
export const typedObject = (members: readonly (readonly [name: string, member: Typed])[]): Typed => ({
  code: braces(members.map(([name, { code }]) => [`${name}: `, code])),
  type: braces(
    members.map(([name, { type }]) => [`${name}: `, type]),
    ';',
  ),
});

export const typedList = (items: readonly Typed[]): Typed => ({
  code: list(
    '[',
    items.map(({ code }) => code),
    ']',
  ),
  type: list(
    '[',
    items.map(({ type }) => type),
    ']',
  ),
});

/** A member, its name as it is printed, with what the document says of it. */
export interface TypedMember {
  readonly name: string;
  readonly docs?: Layout;
  readonly value: Typed;
}

/** `{ name: … }` with a line for each member, and its type, which has the comments: an editor shows them from there. */
export const typedLines = (members: readonly TypedMember[]): Typed => ({
  code: lines(
    members.map(({ name, value }) => member(name, value.code)),
    ',',
  ),
  type: lines(
    members.map(({ name, docs = '', value }) => [docs, member(name, value.type)]),
    ';',
  ),
});

/** `{ a, b }`, always with a member to a line. */
export const lines = (members: readonly Layout[], separator: string): Layout =>
  members.length === 0
    ? '{}'
    : broken('{', indent(line, ...join([separator, line], members)), separator, line, '}');
