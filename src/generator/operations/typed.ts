/** Code together with its type, so that no compiler has to infer what a module exports (`isolatedDeclarations`). */
import { braces, type Layout, list } from '../print/layout.ts';

export interface Typed {
  readonly code: Layout;
  readonly type: Layout;
}

/** Something that is declared elsewhere. */
export const named = (name: string): Typed => ({ code: name, type: `typeof ${name}` });

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
