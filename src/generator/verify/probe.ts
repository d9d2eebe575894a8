/** What is given to the compiler, so that it compares the types of schemas with the types that are written. */
import { quoted } from '../print/code.ts';

/** A schema, and whether its type may be compared in both directions. */
export interface Probed {
  readonly name: string;
  /** The module that it is in, such as `./index.js`. */
  readonly module: string;
  readonly isExact: boolean;
}

/** A module whose schemas have the types that they are built with, under names with a `$` before them. */
export interface Opened {
  readonly text: string;
  readonly schemas: readonly Probed[];
}

/** How a schema begins in what we print; in a comment or a text nothing begins a line like this. */
const head = /^export const ([\p{L}\p{N}_]+): z\.ZodType<\1> =\s*\/\* @__PURE__ \*\/ schema\(/gmu;

/**
 * As they are written, schemas are to the compiler what they are declared to be: it never looks into them, which is why
 * it is fast. Here it has to.
 */
export function opened(module: string, text: string): Opened {
  const heads = [...text.matchAll(head)];
  const schemas = heads.map(({ 1: name = '', index }, at): Probed => {
    const body = text.slice(index, heads[at + 1]?.index);
    // Of members without a name, a type says less than a schema: names that are known need not be like the others.
    return { name, module, isExact: !body.includes('.catchall(') };
  });
  const changed = text
    .replaceAll(head, 'export declare const $1: z.ZodType<$1>;\nexport const $$$1 = $$built(')
    // Unknown members pass, and no type says so, but for that of an object which has no others.
    .replaceAll(/\bz(\s*)\.looseObject\((?!\{\}\))/g, 'z$1.object(');
  const helper = 'declare function $built<Built>(build: () => Built): Built;';
  return { text: `${changed}\n${helper}\n`, schemas };
}

/** What a line of the probe asserts. */
export interface Assertion {
  readonly name: string;
  /** `output`: all that the schema lets through has the type. `type`: all that has the type may come of the schema. */
  readonly kind: 'output' | 'type';
}

export interface Probe {
  readonly text: string;
  /** By their lines, from 1. */
  readonly assertions: ReadonlyMap<number, Assertion>;
}

export function probeOf(schemas: readonly Probed[]): Probe {
  const modules = [...new Set(schemas.map(({ module }) => module))];
  const lines = [
    "import type { z } from 'zod';",
    ...modules.map((module, index) => `import type * as m${index} from ${quoted(module)};`),
  ];
  const assertions = new Map<number, Assertion>();
  for (const { name, module, isExact } of schemas) {
    const space = `m${modules.indexOf(module)}`;
    const [type, output] = [`${space}.${name}`, `z.output<typeof ${space}.$${name}>`];
    const add = (kind: Assertion['kind'], from: string, to: string) => {
      lines.push(`export const a${lines.length}: (value: ${from}) => ${to} = value => value;`);
      assertions.set(lines.length, { name, kind });
    };
    add('output', output, type);
    if (isExact) add('type', type, output);
  }
  return { text: `${lines.join('\n')}\n`, assertions };
}
