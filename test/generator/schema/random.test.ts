import { isDeepStrictEqual } from 'node:util';
import type { ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type RandomCase, randomCases, sharedSchemas } from './random-schemas.ts';
import { newReferee } from './referee.ts';
import { documentOf, loaded, printed } from './support.ts';

/** To look for more, or again for what was found: HOLDFAST_SEED and HOLDFAST_RUNS. */
const seed = Number(process.env.HOLDFAST_SEED ?? 20_261);
const numRuns = Number(process.env.HOLDFAST_RUNS ?? 600);

/** Undefined where the code that Ajv makes throws, as it does with some of `unevaluatedProperties`. */
function verdictOf(validate: ValidateFunction, value: unknown): boolean | undefined {
  try {
    return validate(value) as boolean;
  } catch {
    return undefined;
  }
}

test(`schemas by chance take what Ajv takes, as it is (seed ${seed}, ${numRuns} schemas)`, async () => {
  const cases = fc.sample(randomCases, { seed, numRuns });
  const named = Object.fromEntries(cases.map(({ schema }, index) => [`Case${index}`, schema]));
  const schemas = { ...sharedSchemas, ...named };
  const { code, mismatch } = await printed(schemas);
  const module = await loaded(code);
  const ajv = newReferee();
  ajv.addSchema(documentOf(schemas), 'document');
  let judged = 0;

  const differences = cases.flatMap(({ schema, values }: RandomCase, index) => {
    const own = module[`Case${index}`];
    // A reference alone is declared under the name of what it leads to.
    if (!own) return [];
    const validate = ajv.compile({ $ref: `document#/components/schemas/Case${index}` });
    judged += values.length;
    return values.flatMap(value => {
      const result = own.safeParse(structuredClone(value));
      const isSame = !result.success || isDeepStrictEqual(result.data, value);
      const verdict = verdictOf(validate, value);
      const isTaken = mismatch(`Case${index}`, value) === undefined;
      return isTaken === result.success && (verdict === undefined || (result.success === verdict && isSame))
        ? []
        : [JSON.stringify({ schema, value })];
    });
  });

  expect(differences.toSorted((one, other) => one.length - other.length)).toEqual([]);
  expect(judged).toBeGreaterThan(numRuns * 10);
});
