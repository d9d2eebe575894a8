/**
 * What a schema says of the wire, as JSON Schema: of zod in its own words, of other libraries through Standard JSON
 * Schema. It is always the input that is asked for, of requests as of responses, since codecs and transforms lead from
 * the wire to the program.
 *
 * @see {@link https://standardschema.dev/json-schema | Standard JSON Schema}
 */
import type { StandardJSONSchemaV1 } from '@standard-schema/spec';
import {
  $ZodRegistry,
  type $ZodType,
  type GlobalMeta,
  globalRegistry,
  type JSONSchema,
  toJSONSchema,
} from 'zod/v4/core';
import { isLazy } from '../lazy-schema.ts';
import type { Schema } from '../standard-schema.ts';
import { type Definition, definitionOf, type FormatDefinition, isLargeInteger, isZod } from '../zod.ts';
import type { JsonSchema } from './document.ts';

/** Hears that a schema has an id in its metadata. May throw. */
export type Claim = (id: string, schema: object) => void;

/** With what it refers to beside it, under `$defs`. What cannot be described is described as that. */
export function jsonSchemaOf(schema: Schema, claim: Claim): JsonSchema {
  return isZod(schema) ? ofZod(schema, claim) : ofOthers(schema);
}

function ofOthers(schema: Schema): JsonSchema {
  const { vendor, jsonSchema }: MaybeDescribable = schema['~standard'];
  try {
    if (jsonSchema) return jsonSchema.input({ target: 'draft-2020-12' });
  } catch {
    // The library has met something that JSON Schema has no word for.
  }
  return indescribable(vendor);
}

interface MaybeDescribable {
  readonly vendor: string;
  readonly jsonSchema?: StandardJSONSchemaV1.Converter;
}

/** Anything will do, as far as JSON Schema can tell. */
const indescribable = (vendor: string): JsonSchema => ({
  description: `Checked by a schema of ${vendor}, for which there is no JSON Schema.`,
});

function ofZod(schema: $ZodType, claim: Claim): JsonSchema {
  const metadata = new AttentiveRegistry(claim);
  try {
    return { ...toJSONSchema(schema, { io: 'input', metadata, unrepresentable, override }) };
  } catch {
    if (metadata.refusal) throw metadata.refusal;
    return indescribable('zod');
  }
}

/** Zod's metadata, told on where it has an id: two claims to one make zod give up without saying whose they are. */
class AttentiveRegistry extends $ZodRegistry<GlobalMeta> {
  refusal: unknown;
  readonly #claim: Claim;

  constructor(claim: Claim) {
    super();
    this.#claim = claim;
  }

  override get<S extends $ZodType>(schema: S): ReturnType<typeof globalRegistry.get<S>> {
    // It would have that of what the built schema was made from, and refers to the built one anyway.
    if (isLazy(schema)) return undefined;
    const meta = globalRegistry.get(schema);
    if (typeof meta?.id === 'string') this.#tell(meta.id, schema);
    return meta;
  }

  #tell(id: string, schema: object): void {
    try {
      this.#claim(id, schema);
    } catch (error) {
      this.refusal = error;
      throw error;
    }
  }
}

/** Something of zod that JSON Schema has no word for. */
interface Gap {
  readonly zodSchema: $ZodType;
  /** Why. */
  readonly message: string;
}

/** What stands in its place. */
function unrepresentable({ zodSchema, message }: Gap): JSONSchema.BaseSchema | 'any' {
  const { type } = definitionOf(zodSchema);
  // As parameters are written; JSON bodies with either are refused where they are declared, or are coerced.
  if (type === 'date') return { type: 'string', format: 'date-time' };
  if (type === 'bigint') return { type: 'integer' };
  // What is undefined is not sent.
  if (type === 'undefined' || type === 'void') return { not: {} };
  // Only a part of these has no word: a literal among several, a default.
  if (partlyRepresentable.has(type)) return 'any';
  return { description: message };
}

const partlyRepresentable = new Set(['literal', 'default', 'prefault', 'catch', 'number', 'object']);

/** Something that zod has described. */
interface Described {
  readonly zodSchema: $ZodType;
  readonly jsonSchema: JSONSchema.BaseSchema;
}

/** Puts right what OpenAPI 3.1 would read as something else than zod means. */
function override({ zodSchema, jsonSchema }: Described): void {
  const definition = definitionOf(zodSchema);
  const { type } = definition;
  const metadata = globalRegistry.get(zodSchema);
  if (type === 'file') describeFile(jsonSchema);
  if (isLargeInteger(definition)) describeInteger(jsonSchema);
  if (type === 'string' && metadata?.format === undefined) describeFormat(definition, jsonSchema);
  // To OpenAPI, what is read-only must not be sent. `readonly()` only keeps the program from changing it.
  if (type === 'readonly' && !metadata?.readOnly) delete jsonSchema.readOnly;
}

/** Zod takes the last check of a text for its format, also where that is one of its patterns, as `startsWith()` is. */
function describeFormat(definition: Definition, jsonSchema: JSONSchema.BaseSchema): void {
  const checks = [definition, ...(definition.checks ?? []).map(({ _zod }) => _zod.def)];
  const named = checks.findLast(({ format }) => format !== undefined && !patterns.has(format));
  if (named ? isBeyondRfc3339(named) : patterns.has(jsonSchema.format as string)) delete jsonSchema.format;
  else if (named) jsonSchema.format = formats[named.format as string] ?? (named.format as string);
}

const patterns = new Set(['regex', 'lowercase', 'uppercase', 'includes', 'starts_with', 'ends_with']);

/** What JSON Schema calls the formats that zod has other names for. */
const formats: Readonly<Record<string, string>> = {
  guid: 'uuid',
  url: 'uri',
  datetime: 'date-time',
  json_string: 'json-string',
};

/** What RFC 3339, and JSON Schema with it, has no format for: times without a zone or without seconds. */
const isBeyondRfc3339 = ({ format, local, precision }: FormatDefinition): boolean =>
  format === 'time' || local === true || precision === -1;

/** Whatever its size, and however the program holds it. */
function describeInteger(jsonSchema: JSONSchema.BaseSchema): void {
  delete jsonSchema.anyOf;
  jsonSchema.type = 'integer';
}

/**
 * Raw bytes are no JSON, and so have no type.
 *
 * @see {@link https://spec.openapis.org/oas/v3.1.1.html#working-with-binary-data | Working with binary data}
 */
function describeFile(jsonSchema: JSONSchema.BaseSchema): void {
  for (const keyword of ['type', 'format', 'contentEncoding', 'minLength', 'maxLength'])
    delete jsonSchema[keyword];
  if (!jsonSchema.anyOf) jsonSchema.contentMediaType ??= 'application/octet-stream';
}
