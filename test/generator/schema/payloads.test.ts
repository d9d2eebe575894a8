import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Documents } from '../../../src/generator/document/documents.ts';
import { Problems } from '../../../src/generator/document/problems.ts';
import { Names } from '../../../src/generator/names.ts';
import { print } from '../../../src/generator/print/layout.ts';
import { newSchemaPrinter } from '../../../src/generator/schema/printer.ts';
import { payloadsOf } from './payloads.ts';
import { newReferee } from './referee.ts';
import { defaults, loaded } from './support.ts';
import { checkedFormats, JsonSchemas } from './to-json-schema.ts';

const folder =
  process.env.HOLDFAST_CORPUS ?? fileURLToPath(new URL('../../../../shared/openapi/', import.meta.url));
const isThere = existsSync(folder);
const where = isThere ? '' : ` (skipped: no ${folder}, and HOLDFAST_CORPUS names no other)`;

/** Documents, and how many payloads there are in each at least; Stripe's has none. */
const documents = {
  'swagger-petstore.yaml': 30,
  'fastapi-app.json': 10,
  'galaxy.yaml': 140,
  'k8s-apps.json': 450,
  'qdrant.json': 300,
  'digitalocean/DigitalOcean-public.v2.yaml': 5000,
};

/** Payloads of which Ajv has it otherwise, by their places, and why. */
const differences: Readonly<Record<string, string>> = {};

async function compared(path: string) {
  const problems = new Problems();
  const documents = await Documents.read(path, problems);
  const payloads = payloadsOf(documents);
  const printer = newSchemaPrinter(documents, new Names(problems, ['schema']), problems, defaults);
  const own = payloads.map(({ schema, direction }, index) => [
    `export const Payload${index} = schema(() =>`,
    printer.print(schema, direction, `Payload${index}`).expression,
    ');',
  ]);
  const module = await loaded(
    [...printer.declarations.map(({ code }) => code.ts), ...own.map(print)].join('\n\n'),
  );

  const schemas = {
    sent: new JsonSchemas(documents, 'sent'),
    received: new JsonSchemas(documents, 'received'),
  };
  const roots = payloads.map(({ schema, direction }) => schemas[direction].of(schema));
  const ajv = newReferee(checkedFormats);
  for (const [direction, { definitions }] of Object.entries(schemas))
    ajv.addSchema({ $defs: definitions }, direction);
  const others = payloads.flatMap(({ direction, node, value }, index) => {
    const text = JSON.stringify(roots[index]).replaceAll('"#/$defs/', `"${direction}#/$defs/`);
    const isValid = ajv.compile(JSON.parse(text) as object)(value) as boolean;
    const result = module[`Payload${index}`]?.safeParse(value);
    if (result?.success === isValid && (!isValid || isDeepStrictEqual(result.data, value))) return [];
    return [`${node.file.name}#${node.pointer}: ${isValid ? 'is refused' : 'is taken'}`];
  });
  return { count: payloads.length, others: [...new Set(others)] };
}

describe.skipIf(!isThere)(`the payloads that documents carry${where}`, () => {
  test.each(Object.entries(documents))('%s', { timeout: 120_000 }, async (name, least) => {
    const { count, others } = await compared(join(folder, name));
    expect(count).toBeGreaterThanOrEqual(least);
    const known = Object.keys(differences).filter(place => place.startsWith(`${name}#`));
    expect(others.toSorted()).toEqual(known.toSorted());
  });
});
