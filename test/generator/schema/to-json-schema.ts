/** Schemas of OpenAPI as JSON Schema 2020-12, so that a referee can read them. */
import type { Documents } from '../../../src/generator/document/documents.ts';
import type { Node } from '../../../src/generator/document/node.ts';
import type { Direction } from '../../../src/generator/schemas.ts';

type Json = Record<string, unknown>;

/** The formats that are checked. */
export const checkedFormats = [
  'uuid',
  'date-time',
  'date',
  'email',
  'uri',
  'ipv4',
  'ipv6',
  'byte',
  'int32',
  'int64',
];

const values = new Set(['enum', 'const']);
const maps = new Set(['properties', 'patternProperties', 'dependentSchemas']);
const dropped = [
  'nullable',
  'example',
  'examples',
  'default',
  'discriminator',
  'xml',
  'externalDocs',
  'readOnly',
  'writeOnly',
  'deprecated',
  'description',
  'title',
  '$id',
  '$anchor',
];

export class JsonSchemas {
  /** What references lead to, by the names that they have in `$defs`. */
  readonly definitions: Json = {};
  readonly #documents: Documents;
  readonly #direction: Direction;
  readonly #isOldStyle: boolean;
  readonly #names = new Map<string, string>();

  constructor(documents: Documents, direction: Direction) {
    this.#documents = documents;
    this.#direction = direction;
    this.#isOldStyle = /^3\.0/.test(documents.root.text('openapi') ?? '');
  }

  of(node: Node): unknown {
    if (!node.isObject) return node.value;
    const schema: Json = {};
    if (node.text('$ref') !== undefined) {
      const target = this.#documents.follow(node)?.node;
      if (target) schema.$ref = `#/$defs/${this.#nameOf(target)}`;
      if (this.#isOldStyle) return schema;
    }
    for (const [keyword, part] of node.members()) {
      if (keyword === '$ref' || dropped.includes(keyword) || keyword.startsWith('x-')) continue;
      if (keyword === 'format') this.#format(schema, part);
      else if (maps.has(keyword)) schema[keyword] = this.#map(part);
      else if (keyword === 'required') schema.required = this.#required(node, part);
      else schema[keyword] = values.has(keyword) ? part.value : this.#part(part);
    }
    if (!this.#isOldStyle) return schema;
    for (const [bound, exclusive] of [
      ['minimum', 'exclusiveMinimum'],
      ['maximum', 'exclusiveMaximum'],
    ] as const) {
      if (schema[exclusive] === true) {
        schema[exclusive] = schema[bound];
        delete schema[bound];
      } else if (schema[exclusive] === false) delete schema[exclusive];
    }
    // An enum need not list null (research: the documents of services do not).
    return node.flag('nullable') ? { anyOf: [schema, { type: 'null' }] } : schema;
  }

  #nameOf(target: Node): string {
    const known = this.#names.get(target.id);
    if (known !== undefined) return known;
    const name = `S${this.#names.size}`;
    this.#names.set(target.id, name);
    this.definitions[name] = this.of(target);
    return name;
  }

  #part(node: Node): unknown {
    if (Array.isArray(node.value)) return node.items().map(item => this.#part(item));
    return this.of(node);
  }

  #map(map: Node): unknown {
    const node = map.text('$ref') === undefined ? map : (this.#documents.follow(map)?.node ?? map);
    return Object.fromEntries(
      node.members().flatMap(([name, part]) => (this.#isHidden(part) ? [] : [[name, this.of(part)]])),
    );
  }

  #required(node: Node, required: Node): unknown {
    if (!Array.isArray(required.value)) return [];
    return required.value.filter(name => {
      const member = node.get('properties')?.get(name as string);
      return !member || !this.#isHidden(member);
    });
  }

  /** What is read-only is not sent, what is write-only not received. */
  #isHidden(member: Node): boolean {
    const flag = this.#direction === 'sent' ? 'readOnly' : 'writeOnly';
    const target = member.text('$ref') === undefined ? member : this.#documents.follow(member)?.node;
    return target?.flag(flag) === true || member.flag(flag) === true;
  }

  #format(schema: Json, { value }: Node): void {
    const format = value === 'url' ? 'uri' : value;
    if (checkedFormats.includes(format as string)) schema.format = format;
  }
}
