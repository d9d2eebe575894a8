import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { generate } from '../../src/generator/index.ts';
import { importFrom, workFolder } from './support.ts';

/** Documents of real services, beside the repository: too large to be in it. */
const folder =
  process.env.HOLDFAST_CORPUS ?? fileURLToPath(new URL('../../../shared/openapi/', import.meta.url));
const documents = {
  'petstore-expanded.yaml': 4,
  'swagger-petstore.yaml': 19,
  'fastapi-app.json': 12,
  'galaxy.yaml': 10,
  'k8s-apps.json': 77,
  'qdrant.json': 69,
  'stripe.yaml': 468,
  'digitalocean/DigitalOcean-public.v2.yaml': 500,
};

const isThere = existsSync(folder);
const where = isThere ? '' : ` (skipped: no ${folder}, and HOLDFAST_CORPUS names no other)`;

describe.skipIf(!isThere)(`the documents of real services${where}`, () => {
  test.each(Object.entries(documents))(
    '%s generates, and loads',
    { timeout: 120_000 },
    async (name, least) => {
      const output = join(await workFolder(), 'api');
      const { operations, problems } = await generate({ input: join(folder, name), output });
      expect(operations).toBeGreaterThanOrEqual(least);
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
      const { contract } = await importFrom(output);
      expect(Object.keys(contract as object)).toHaveLength(operations);
    },
  );
});
