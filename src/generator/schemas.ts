/** What the rest of the generator sees of schemas. */
import type { Node } from './document/node.ts';
import type { Layout } from './print/layout.ts';
import type { Emit, Text } from './print/statement.ts';

/** How what a document leaves open is printed. */
export interface SchemaOptions {
  /** What `date-time` and `date` are in the program; through codecs, but for texts. */
  readonly dates: 'string' | 'Date' | 'Temporal';
  readonly int64: 'number' | 'bigint' | 'string';
  /** Whether enums of what is received take values that the document does not know. */
  readonly enums: 'closed' | 'open';
  readonly emit: Emit;
}

/** What is sent leaves out what is read-only, what is received what is write-only. */
export type Direction = 'sent' | 'received';

/** A schema as code, twice: what it checks, and what it is to the compiler. */
export interface PrintedSchema {
  /** An expression that gives a zod schema. */
  readonly expression: Layout;
  /** The type of its output. */
  readonly type: Layout;
}

/** A member of an object that the document does not have as one, such as the parameters of a query. */
export interface Member {
  readonly name: string;
  readonly schema: Node | undefined;
  readonly isRequired: boolean;
  /** What the document says of it. */
  readonly docs: string | undefined;
}

/** Something at the top of a module. */
export interface Declaration {
  readonly name: string;
  readonly code: Text;
  /** The names of other declarations that it needs. */
  readonly needs: ReadonlySet<string>;
}

/** Prints schemas. Those of the document's components are declared once and referred to by name. */
export interface SchemaPrinter {
  /** @param hint - what it would be called, where it needs a declaration of its own. */
  print(schema: Node, direction: Direction, hint: string): PrintedSchema;
  /** An object of members, closed against nothing: unknown ones pass. */
  printObject(members: readonly Member[], direction: Direction, hint: string): PrintedSchema;
  /** Why a value, in its wire form, is none of a schema; undefined if it is one. */
  mismatch(schema: Node, direction: Direction, value: unknown): string | undefined;
  /** Everything that has been referred to by name, in the order of the document. */
  readonly declarations: readonly Declaration[];
}
