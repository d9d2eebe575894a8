/**
 * Schemas of operations that have no name in the document, such as the parameters of a query. They are declared above
 * the operation that they were met in: as members of `endpoint({…})` they would be built when the module is loaded, kept
 * by bundlers, and compared by the compiler.
 */
import type { Node } from '../document/node.ts';
import type { Names } from '../names.ts';
import { group, indent, line, print, softLine, wholeText } from '../print/layout.ts';
import { type Emit, printStatement, type Text } from '../print/statement.ts';
import { schemaStatement } from '../schema/printer.ts';
import type { Declaration, Direction, Member, PrintedSchema, SchemaPrinter } from '../schemas.ts';
import { anything, named, type TypedSchema } from './typed.ts';

/** What a schema would be called, and the part that many operations have it from, if it is not one's own. */
export interface Hint {
  readonly name: string;
  readonly sharedAs: string | undefined;
}

export class InlineSchemas {
  readonly #printer: SchemaPrinter;
  readonly #names: Names;
  readonly #emit: Emit;
  readonly #shared = new Map<string, TypedSchema>();
  readonly #sharedDeclarations: Declaration[] = [];
  #declared: Text[] = [];

  constructor(printer: SchemaPrinter, names: Names, emit: Emit) {
    this.#printer = printer;
    this.#names = names;
    this.#emit = emit;
  }

  /** An expression that costs nothing as long as nobody uses it. */
  print(schema: Node, direction: Direction, { name, sharedAs }: Hint): TypedSchema {
    const key = sharedAs === undefined ? undefined : `${direction} ${schema.id}`;
    return this.#once(key, name, () => this.#printer.print(schema, direction, name));
  }

  printObject(members: readonly Member[], direction: Direction, { name, sharedAs }: Hint): TypedSchema {
    return this.#once(sharedAs, name, () => this.#printer.printObject(members, direction, name));
  }

  /** A schema that also takes nothing. */
  orNothing(schema: TypedSchema, { name }: Hint): TypedSchema {
    // What takes anything takes nothing as well.
    if (schema === anything) return schema;
    const expression = `${print(schema.code).replace('/* @__PURE__ */ ', '')}.optional()`;
    const type = group(indent(softLine, { broken: '| ', flat: '' }, schema.output, line, '| undefined'));
    return this.#named({ expression, type }, `Optional${name}`, ({ code }) => this.#declared.push(code));
  }

  /** Why a value is none of a schema. */
  mismatch(schema: Node, direction: Direction, value: unknown): string | undefined {
    return this.#printer.mismatch(schema, direction, value);
  }

  /** What has been declared for one operation since this was asked last. */
  take(): Text[] {
    const declared = this.#declared;
    this.#declared = [];
    return declared;
  }

  /** What has been declared for more than one. */
  get shared(): readonly Declaration[] {
    return this.#sharedDeclarations;
  }

  #once(key: string | undefined, name: string, make: () => PrintedSchema): TypedSchema {
    if (key === undefined) return this.#named(make(), name, code => this.#declared.push(code.code));
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const named = this.#named(make(), name, declaration => this.#sharedDeclarations.push(declaration));
    this.#shared.set(key, named);
    return named;
  }

  #named(
    { expression, type }: PrintedSchema,
    hint: string,
    declare: (made: Declaration) => void,
  ): TypedSchema {
    const text = wholeText(expression);
    if (text !== undefined && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(text)) return named(text);
    if (text !== undefined && /^z\.\w+\(\)$/.test(text))
      return { code: `/* @__PURE__ */ ${text}`, type: ['z.ZodType<', type, '>'], output: type };
    const name = this.#names.claim(hint, undefined);
    const declaration = [`export type ${name} = `, type, ';'];
    const code = printStatement({ ...schemaStatement(name, expression, true), declaration }, this.#emit);
    declare({ name, code, needs: new Set() });
    return named(name);
  }
}
