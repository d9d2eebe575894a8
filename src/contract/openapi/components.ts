/** The schemas of a document: each where it is used, but for those with a name, which stand once and are referred to. */
import { show } from '../../pipeline/options.ts';
import type { Schema } from '../standard-schema.ts';
import type { JsonSchema } from './document.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { type Definitions, mapReferences, ROOT, reachedFrom, textOf, unwrapped } from './references.ts';

/** What an object has, member by member. */
export interface Members {
  /** Undefined for what is no plain object: a record, a union of objects, something that cannot be described. */
  readonly properties: Readonly<Record<string, JsonSchema>> | undefined;
  readonly required: ReadonlySet<string>;
  /** Of members that are not named. */
  readonly others: JsonSchema | undefined;
  /** The object as a whole. */
  readonly whole: JsonSchema;
}

/** A schema with what it refers to by keys. Those that are ids mean the same everywhere, the others only here. */
interface Source {
  readonly place: string;
  readonly root: JsonSchema;
  readonly definitions: Definitions;
  readonly ids: ReadonlySet<string>;
}

const IN_COMPONENTS = '#/components/schemas/';

/** Of the keys of components, OpenAPI asks as much. */
const ID = /^[\w.-]+$/;

export class Components {
  readonly #schemas = new Map<string, JsonSchema>();
  /** By name, what has it and where that was met first. */
  readonly #claims = new Map<string, { readonly claimant: object; readonly place: string }>();
  /** Names that were given to definitions without an id, by what they say. */
  readonly #names = new Map<string, string>();

  /**
   * A schema as it stands in the document.
   *
   * @param place - as errors call it, and in want of an id a component, such as `users.get.responses.200`.
   * @throws TypeError for an id that another schema has, or that can be no name of a component.
   */
  describe(schema: Schema, place: string): JsonSchema {
    const source = this.#sourceOf(schema, place);
    const isRecursive = reachedFrom(source.root, source.definitions).has(ROOT);
    return isRecursive ? this.#refTo(ROOT, source) : this.#lifted(source.root, source);
  }

  /** The members of an object, which itself stands nowhere. */
  describeMembers(schema: Schema, place: string): Members {
    const source = this.#sourceOf(schema, place);
    const whole = this.#lifted(unwrapped(source.root, source.definitions), source);
    const { properties, required = [], additionalProperties: others } = whole;
    return {
      properties: properties as Members['properties'],
      required: new Set(required as string[]),
      others: others === true ? {} : ((others || undefined) as JsonSchema | undefined),
      whole,
    };
  }

  /** What a description refers to, or the description itself. */
  resolve(described: JsonSchema): JsonSchema {
    const name = typeof described.$ref === 'string' && described.$ref.slice(IN_COMPONENTS.length);
    return (name && this.#schemas.get(name)) || described;
  }

  /** By name, in the order in which they were met. */
  get schemas(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries(this.#schemas);
  }

  #sourceOf(schema: Schema, place: string): Source {
    const ids = new Set<string>();
    const { $schema, $defs, ...root } = jsonSchemaOf(schema, (id, claimant) => {
      this.#claim(id, claimant, place);
      ids.add(id);
    });
    return { place, root, definitions: { ...($defs as Definitions), [ROOT]: root }, ids };
  }

  #claim(id: string, claimant: object, place: string): void {
    if (!ID.test(id))
      throw new TypeError(
        `An id in \`${place}\` should consist of letters, digits and ._- to name a component, got ${show(id)}.`,
      );
    const other = this.#claims.get(id);
    if (!other) this.#claims.set(id, { claimant, place });
    else if (other.claimant !== claimant)
      throw new TypeError(
        `The id ${show(id)} names two schemas, one in \`${other.place}\` and one in \`${place}\`. Rename either.`,
      );
  }

  /** A copy that refers to components. */
  #lifted(schema: JsonSchema, source: Source): JsonSchema {
    return mapReferences(schema, key => this.#refTo(key, source).$ref) as JsonSchema;
  }

  #refTo(key: string, source: Source): { readonly $ref: string } {
    const name = source.ids.has(key) ? key : this.#nameOf(key, source);
    if (!this.#schemas.has(name)) {
      // Its place is taken first: it may refer to itself.
      this.#schemas.set(name, {});
      this.#schemas.set(name, this.#lifted(source.definitions[key] as JsonSchema, source));
    }
    return { $ref: `${IN_COMPONENTS}${name}` };
  }

  #nameOf(key: string, { place, definitions }: Source): string {
    const text = textOf(key, definitions);
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = this.#freeName(place.replaceAll(/[^\w.-]/g, '_'));
    this.#names.set(text, name);
    this.#claims.set(name, { claimant: definitions, place });
    return name;
  }

  #freeName(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.#claims.has(name); count++) name = `${wanted}.${count}`;
    return name;
  }
}
