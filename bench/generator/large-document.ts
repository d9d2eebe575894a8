/**
 * A document of the size and the kind of GitHub's: some 12 MB of JSON, 1,200 operations, 900 schemas, and an example for
 * every answer, which is half of it. Always the same.
 */
import { randomFrom } from '../storm/random.ts';

const operationCount = 1_200;
const schemaCount = 900;

const vocabulary = (
  'the a of to repository organization user team member issue pull request commit branch release check run status list ' +
  'returns whether id node url name created updated only when for with an access token must have scope private public ' +
  'number state label milestone review comment deployment environment secret variable workflow job artifact package'
).split(' ');

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Schema = { [keyword: string]: Json };

interface Chance {
  /** From 0 up to, and without, a bound. */
  below(bound: number): number;
  oneOf<T>(options: readonly T[]): T;
  sentence(length: number): string;
}

function chanceOf(seed: number): Chance {
  const random = randomFrom(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const oneOf = <T>(options: readonly T[]): T => options[below(options.length)] as T;
  const sentence = (length: number) => Array.from({ length }, () => oneOf(vocabulary)).join(' ');
  return { below, oneOf, sentence };
}

const schemaName = (index: number): string => `${vocabulary[index % vocabulary.length]}-schema-${index}`;
const referenceTo = (kind: string, name: string): Schema => ({ $ref: `#/components/${kind}/${name}` });

/** A schema, and a value that it takes. */
interface Sample {
  readonly schema: Schema;
  /** Undefined for one that is left out. */
  readonly value: Json | undefined;
}

function scalar(chance: Chance): Sample {
  const description = chance.sentence(6 + chance.below(14));
  const number = chance.below(1_000_000);
  return chance.oneOf<() => Sample>([
    () => ({ schema: { type: 'string', description }, value: chance.sentence(4) }),
    () => ({ schema: { type: 'string', nullable: true, description }, value: null }),
    () => ({ schema: { type: 'string', format: 'uri' }, value: `https://api.example.com/things/${number}` }),
    () => ({ schema: { type: 'string', format: 'date-time', description }, value: '2011-04-10T20:09:31Z' }),
    () => ({ schema: { type: 'integer', description, minimum: 0 }, value: number }),
    () => ({ schema: { type: 'integer', format: 'int64' }, value: number }),
    () => ({ schema: { type: 'boolean', default: false, description }, value: true }),
    () => {
      const values = ['open', 'closed', 'all', chance.oneOf(vocabulary)];
      return { schema: { type: 'string', enum: [...new Set(values)], description }, value: 'open' };
    },
  ])();
}

/** An object of ever fewer members, the deeper it stands. Schemas refer to earlier ones, as well as to later ones. */
function object(chance: Chance, examples: ReadonlyMap<string, Json>, depth = 0): Sample {
  const properties: Schema = {};
  const value: { [name: string]: Json } = {};
  const required: string[] = [];
  const count = 5 + chance.below(depth === 0 ? 22 : 8);
  for (let index = 0; index < count; index++) {
    const name = `${chance.oneOf(vocabulary)}_${index}`;
    const sample = memberOf(chance, examples, depth);
    properties[name] = sample.schema;
    if (sample.value !== undefined) value[name] = sample.value;
    if (chance.below(3) > 0 && sample.value !== undefined) required.push(name);
  }
  return { schema: { type: 'object', title: chance.sentence(2), properties, required }, value };
}

function memberOf(chance: Chance, examples: ReadonlyMap<string, Json>, depth: number): Sample {
  const kind = chance.below(16);
  if (kind === 0 && depth < 2) return object(chance, examples, depth + 1);
  if (kind === 1) {
    const { schema, value } =
      depth < 2 && chance.below(3) === 0 ? object(chance, examples, 2) : scalar(chance);
    return {
      schema: { type: 'array', items: schema, description: chance.sentence(9) },
      value: value === undefined ? [] : [value],
    };
  }
  if (kind === 2) {
    const name = schemaName(chance.below(schemaCount));
    const example = examples.get(name);
    const isSmall = example !== undefined && JSON.stringify(example).length < 2_000;
    return { schema: referenceTo('schemas', name), value: isSmall ? example : undefined };
  }
  if (kind === 3) {
    const options = [scalar(chance), scalar(chance)] as const;
    return { schema: { anyOf: options.map(({ schema }) => schema) }, value: options[0].value };
  }
  return scalar(chance);
}

function operation(index: number, chance: Chance, examples: readonly string[]): Schema {
  const name = examples[index % examples.length] as string;
  const isList = index % 3 === 0;
  const schema = referenceTo('schemas', name);
  const query = Array.from({ length: chance.below(5) }, (_, count) => ({
    name: `${chance.oneOf(vocabulary)}_${count}`,
    in: 'query',
    required: false,
    description: chance.sentence(14),
    schema: scalar(chance).schema,
  }));
  const body = object(chance, new Map(), 2);
  const json = (content: Schema): Schema => ({ 'application/json': content });
  return {
    summary: chance.sentence(5),
    description: `${chance.sentence(40)}\n\n${chance.sentence(40)}`,
    operationId: `group-${index % 40}/operation-${index}`,
    tags: [`group-${index % 40}`],
    parameters: [referenceTo('parameters', 'owner'), referenceTo('parameters', 'repo'), ...query],
    ...(index % 4 === 1 && {
      requestBody: { required: true, content: json({ schema: body.schema, example: body.value ?? null }) },
    }),
    responses: {
      [index % 4 === 1 ? '201' : '200']: {
        description: 'Response',
        content: json({
          schema: isList ? { type: 'array', items: schema } : schema,
          examples: { default: referenceTo('examples', name) },
        }),
      },
      '403': referenceTo('responses', 'forbidden'),
      '404': referenceTo('responses', 'not_found'),
    },
  };
}

const methods = ['get', 'post', 'patch', 'delete'] as const;

export function largeDocument(): Json {
  const chance = chanceOf(12);
  const schemas: Schema = {};
  const values = new Map<string, Json>();
  for (let index = 0; index < schemaCount; index++) {
    const { schema, value } = object(chance, values);
    schemas[schemaName(index)] = schema;
    values.set(schemaName(index), value ?? null);
  }
  const paths: { [path: string]: Schema } = {};
  for (let index = 0; index < operationCount; index++) {
    const path = `/repos/{owner}/{repo}/things-${Math.floor(index / methods.length)}`;
    const item = paths[path] ?? {};
    paths[path] = item;
    item[methods[index % methods.length] as string] = operation(index, chance, [...values.keys()]);
  }
  const examples = [...values].map(([name, value]): [string, Json] => [name, { value }]);
  const parameter = (name: string): Schema => ({
    name,
    in: 'path',
    required: true,
    description: chance.sentence(8),
    schema: { type: 'string' },
  });
  const problem = (description: string): Schema => ({
    description,
    content: { 'application/json': { schema: referenceTo('schemas', schemaName(0)) } },
  });
  return {
    openapi: '3.0.3',
    info: { title: 'A large API', version: '1.0.0' },
    servers: [{ url: 'https://api.example.com' }],
    paths,
    components: {
      schemas,
      parameters: { owner: parameter('owner'), repo: parameter('repo') },
      responses: { forbidden: problem('Forbidden'), not_found: problem('Not found') },
      examples: Object.fromEntries(examples),
    },
  };
}
