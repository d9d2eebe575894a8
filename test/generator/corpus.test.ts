import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generate } from '../../src/generator/index.ts';
import { corpus, documents } from './corpus.ts';
import { importFrom, workFolder } from './support.ts';

const isThere = existsSync(corpus);
const where = isThere ? '' : ` (skipped: no ${corpus}, and HOLDFAST_CORPUS names no other)`;

describe.skipIf(!isThere)(`the documents of real services${where}`, () => {
  test.each(Object.entries(documents))(
    '%s generates, and loads',
    { timeout: 120_000 },
    async (name, least) => {
      const output = join(await workFolder(), 'api');
      const { operations, problems } = await generate({ input: join(corpus, name), output });
      expect(operations).toBeGreaterThanOrEqual(least);
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
      const { contract } = await importFrom(output);
      expect(Object.keys(contract as object)).toHaveLength(operations);
    },
  );
});
