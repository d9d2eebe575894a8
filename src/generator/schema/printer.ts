/** Prints the schemas of a document, and declares those that have names. */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import type { Problems } from '../document/problems.ts';
import { type Names, pascalCase } from '../names.ts';
import { group, hardLine, indent, type Layout, softLine, wholeText, width } from '../print/layout.ts';
import { comment } from '../print/literal.ts';
import { printStatement, type Statement } from '../print/statement.ts';
import type {
  Declaration,
  Direction,
  Member,
  PrintedSchema,
  SchemaOptions,
  SchemaPrinter,
} from '../schemas.ts';
import { codecDeclarations } from './codecs.ts';
import { nameIn } from './discriminator.ts';
import { docsOf, linesOf } from './docs.ts';
import { type HelperName, helperDeclarations } from './helpers.ts';
import { Loops } from './loops.ts';
import { mismatchOf } from './mismatch.ts';
import { anything, type Field, type Model } from './model.ts';
import { OneWay } from './one-way.ts';
import { SchemaReader } from './read.ts';
import { interfaceBody, typeOf } from './types.ts';
import { type CodecName, expressionOf, type Scope } from './zod.ts';

export const newSchemaPrinter = (
  documents: Documents,
  names: Names,
  problems: Problems,
  options: SchemaOptions,
): SchemaPrinter => new Printer(documents, names, problems, options);

/** A declaration that is referred to, whether or not it is printed yet. */
interface Declared {
  readonly name: string;
  readonly target: Node;
  readonly direction: Direction;
  readonly order: number;
}

interface Printed extends Declaration {
  /** Where it stands: as in the components of the document, then as it was met. */
  readonly order: number;
}

class Printer implements SchemaPrinter {
  readonly #names: Names;
  readonly #options: SchemaOptions;
  readonly #reader: SchemaReader;
  readonly #loops: Loops;
  /** Of the components, by what they lead to: their names and their order. */
  readonly #components = new Map<string, { readonly name: string; readonly index: number }>();
  readonly #declared = new Map<string, Declared>();
  readonly #open: Declared[] = [];
  readonly #printed: Printed[] = [];
  readonly #codecs = new Map<CodecName, string>();
  readonly #oneWay: OneWay;
  readonly #helpers = new Map<HelperName, string>();

  constructor(documents: Documents, names: Names, problems: Problems, options: SchemaOptions) {
    this.#names = names;
    this.#options = options;
    this.#oneWay = new OneWay(documents);
    this.#reader = new SchemaReader(documents, problems, options);
    this.#loops = new Loops({
      read: (node, direction) => this.#reader.read(node, direction),
      isBefore: (one, other) => this.#isBefore(one, other),
      problems,
    });
    const components = documents.root.get('components')?.get('schemas')?.members() ?? [];
    for (const [index, [name, component]] of components.entries()) {
      // One that only refers to another file gives its name to what is there.
      const followed = component.text('$ref') === undefined ? undefined : documents.follow(component);
      const target = followed && !followed.siblings ? followed.node : component;
      if (!this.#components.has(target.id)) this.#components.set(target.id, { name, index });
    }
  }

  print(schema: Node, direction: Direction, hint: string): PrintedSchema {
    return this.#printModel(this.#reader.readInline(schema, direction), direction, hint);
  }

  printObject(members: readonly Member[], direction: Direction, hint: string): PrintedSchema {
    const fields = members.map(({ name, schema, isRequired, docs }): [string, Field] => [
      name,
      {
        model: schema ? this.#reader.readInline(schema, direction) : anything,
        isRequired,
        docs: docs === undefined ? [] : linesOf(docs),
      },
    ]);
    return this.#printModel({ kind: 'fields', fields: new Map(fields), others: anything }, direction, hint);
  }

  mismatch(schema: Node, direction: Direction, value: unknown): string | undefined {
    const model = this.#reader.read(schema, direction);
    return mismatchOf(model, value, ({ target }) => this.#loops.read(target, direction));
  }

  get declarations(): readonly Declaration[] {
    // Printing one may refer to others.
    for (let next = this.#open.shift(); next; next = this.#open.shift()) this.#printDeclared(next);
    const codecs = codecDeclarations(this.#codecs, this.#options);
    const helpers = helperDeclarations(this.#helpers, this.#options.emit);
    return [...helpers, ...codecs, ...this.#printed.toSorted((one, other) => one.order - other.order)];
  }

  #printModel(model: Model, direction: Direction, hint: string): PrintedSchema {
    const scope = this.#scope(direction, hint, Number.POSITIVE_INFINITY, new Set());
    return { expression: expressionOf(model, scope).layout, type: typeOf(model, scope) };
  }

  #scope(direction: Direction, hint: string, order: number, needs: Set<string>): Scope {
    const needed = (name: string): string => {
      needs.add(name);
      return name;
    };
    return {
      options: this.#options,
      nameOf: ({ target }) => needed(this.#declare(target, direction).name),
      open: reference => this.#reader.open(reference, direction),
      nameOfCodec: codec => needed(this.#claimed(this.#codecs, codec)),
      nameOfHelper: helper => needed(this.#claimed(this.#helpers, helper)),
      declareRule: model => {
        const name = this.#names.claim(`${pascalCase(hint)}Rule`, undefined);
        this.#printDeclaration(name, model, [], direction, order);
        return needed(name);
      },
    };
  }

  /** The name of something that is declared once, if anything uses it. */
  #claimed<Key extends string>(declared: Map<Key, string>, key: Key): string {
    const known = declared.get(key);
    if (known !== undefined) return known;
    const name = this.#names.claim(key, undefined);
    declared.set(key, name);
    return name;
  }

  #declare(target: Node, direction: Direction): Declared {
    const isVariant = direction === 'sent' && this.#oneWay.isIn(target);
    const key = `${isVariant} ${target.id}`;
    let declared = this.#declared.get(key);
    if (!declared) {
      const component = this.#components.get(target.id);
      const name = pascalCase(component?.name ?? nameOfPart(target));
      declared = {
        name: this.#names.claim(isVariant ? `${name}Input` : name, target),
        target,
        direction: isVariant ? 'sent' : 'received',
        order: component?.index ?? this.#components.size + this.#declared.size,
      };
      this.#declared.set(key, declared);
      this.#open.push(declared);
    }
    return declared;
  }

  #printDeclared({ name, target, direction, order }: Declared): void {
    this.#printDeclaration(name, this.#loops.read(target, direction), docsOf(target), direction, order);
  }

  #printDeclaration(
    name: string,
    model: Model,
    docs: readonly string[],
    direction: Direction,
    order: number,
  ): void {
    const needs = new Set<string>();
    const scope = this.#scope(direction, name, order, needs);
    const said = comment(docs).flatMap(text => [text, hardLine]);
    const expression = expressionOf(model, scope);
    // As text: of a large document, layouts would fill the memory.
    const statement = schemaStatement(name, expression.layout, expression.calls.length > 0);
    const declaration = typeDeclaration(name, model, scope);
    const code = printStatement({ ...statement, docs: said, declaration }, this.#options.emit);
    needs.delete(name);
    this.#printed.push({ name, code, needs, order });
  }

  /** As in the components of the document; what is none of them stands behind, by where it is. */
  #isBefore(one: Node, other: Node): boolean {
    const [index, otherIndex] = [one, other].map(({ id }) => this.#components.get(id)?.index);
    if (index === undefined && otherIndex === undefined) return one.id < other.id;
    return (index ?? this.#components.size) < (otherIndex ?? this.#components.size);
  }
}

/** Something to call a part of a document that is no component: by its last names, or by its file. */
function nameOfPart({ path, file }: Node): string {
  const words = path.filter(key => typeof key === 'string' && !structural.has(key)).slice(-2);
  return words.length > 0 ? words.join(' ') : nameIn(file.name);
}

const structural = new Set([
  'components',
  'schemas',
  'schema',
  'properties',
  'items',
  'content',
  'paths',
  'definitions',
  '$defs',
  'allOf',
  'anyOf',
  'oneOf',
  'application/json',
]);

function typeDeclaration(name: string, model: Model, scope: Scope): Layout {
  const object = model.kind === 'ruled' ? model.of : model;
  return object.kind === 'fields'
    ? [`export interface ${name} `, interfaceBody(object, scope)]
    : [`export type ${name} = `, typeOf(model, scope), ';'];
}

const start = '/* @__PURE__ */ schema(';
const thunk = '() =>';

/** The expression stands in a function, so that nothing of it is built, or kept by a bundler, before it is needed. */
export const schemaStatement = (name: string, expression: Layout, isCall: boolean): Statement => ({
  name,
  type: `z.ZodType<${name}>`,
  value: head => schemaValue(head, expression, isCall),
});

function schemaValue(head: Layout, expression: Layout, isCall: boolean): Layout {
  const body = indent({ line: ' ' }, expression);
  // A name alone stays with its arrow.
  if (!isCall)
    return [
      head,
      ' ',
      group(start, indent(softLine, `${thunk} `, expression), { broken: ',', flat: '' }, softLine, ')'),
    ];
  const call = group(start, thunk, body, { broken: ',', flat: '' }, softLine, ')');
  const room = width - (wholeText(head)?.length ?? 0) - 1 - start.length;
  if (room < 0) return [head, indent(hardLine, call)];
  // Behind a name of some length there is room for the call, but not for the function.
  return room < thunk.length
    ? [head, ' ', start, indent(hardLine, group(thunk, body), ','), hardLine, ')']
    : [head, ' ', call];
}
