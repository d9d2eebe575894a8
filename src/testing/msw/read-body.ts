/** The body of a request, read as its content says, into its wire form. */
import type { $ZodType } from 'zod/v4/core';
import { accepts, type Content, essenceOf, type FieldStyles } from '../../contract/content.ts';
import { jsonDecoderOf, readJson } from '../../contract/exact-json.ts';
import { resolveStyle } from '../../contract/parameter-style.ts';
import { type Conversion, decoderOf } from '../../contract/schema.ts';
import type { Checked, Schema } from '../../contract/standard-schema.ts';
import { definitionOf, membersOf, wireForm } from '../../contract/zod.ts';
import { parameterReader } from './parameter-reader.ts';
import { foundText, queryPairs, Unreadable } from './read-parameters.ts';
import { wireValue } from './wire-value.ts';

/** Whether a request has no body, or one of the declared content type. A body without a type is taken as declared. */
export function hasContentType(request: Request, content: Content): boolean {
  const type = request.headers.get('content-type');
  return type === null || accepts(content, essenceOf(type));
}

/** @throws Unreadable for what is not of its content type. */
export async function readBody(request: Request, { kind, schema, styles }: Content): Promise<Checked> {
  const convert: Conversion = schema ? decoderOf(schema) : value => ({ value });
  switch (kind) {
    case 'binary':
    case 'stream':
      return { value: await request.blob() };
    case 'multipart':
      return convert(await multipartValue(schema as Schema, await formData(request)));
    case 'form':
      return readForm(schema as Schema, await request.text(), styles);
    case 'text':
      return convert(await request.text());
    default:
      return readJsonBody(await request.text(), schema);
  }
}

function readJsonBody(text: string, schema: Schema | undefined): Checked | Promise<Checked> {
  const value = jsonValue(text, schema);
  return schema ? jsonDecoderOf(schema)(value) : { value };
}

function jsonValue(text: string, schema: Schema | undefined): unknown {
  if (text === '') return undefined;
  try {
    return readJson(text, schema);
  } catch {
    throw new Unreadable('is no JSON');
  }
}

/** The fields of a form are written in the manner of a query. */
function readForm(schema: Schema, text: string, styles: FieldStyles = {}): Checked | Promise<Checked> {
  const styleOf = (name: string) => (Object.hasOwn(styles, name) ? styles[name] : undefined);
  const read = parameterReader('query', schema, name => resolveStyle('query', styleOf(name)));
  return read({ params: {}, query: queryPairs(text), headers: new Headers(), cookies: [] });
}

async function formData(request: Request): Promise<FormData> {
  try {
    return await request.formData();
  } catch {
    throw new Unreadable('is no form with files, as its content type says');
  }
}

/** Lists come as repeated fields, other objects as JSON, all else as text or file. */
async function multipartValue(schema: Schema, form: FormData): Promise<unknown> {
  const members = membersOf(schema);
  const names = members ? Object.keys(members) : [...new Set(form.keys())];
  const fields = names.map(
    async name => [name, await fieldValue(form.getAll(name), members?.[name])] as const,
  );
  return Object.fromEntries((await Promise.all(fields)).filter(([, value]) => value !== undefined));
}

async function fieldValue(
  values: readonly FormDataEntryValue[],
  schema: $ZodType | undefined,
): Promise<unknown> {
  if (!schema) return values.length > 1 ? values : values[0];
  const { type, element } = definitionOf(wireForm(schema));
  if (type === 'array' && element) {
    const list = await Promise.all(values.map(value => oneValue(value, element)));
    return list.length > 0 ? list : wireValue(schema, nothingFound);
  }
  const [first] = values;
  return first === undefined ? wireValue(schema, nothingFound) : oneValue(first, schema);
}

const nothingFound = { text: () => undefined, list: () => [], members: () => new Map() };

async function oneValue(value: FormDataEntryValue, schema: $ZodType): Promise<unknown> {
  if (typeof value === 'string') return wireValue(schema, foundText(value));
  const isJson = essenceOf(value.type) === 'application/json' && !takesFiles(schema);
  return isJson ? jsonValue(await value.text(), schema) : value;
}

/** A file of JSON is a file, where the schema asks for one. */
function takesFiles(schema: $ZodType): boolean {
  const { type } = definitionOf(wireForm(schema));
  return type === 'file' || type === 'custom';
}
