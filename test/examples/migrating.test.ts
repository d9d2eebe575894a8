/** Each migration of examples/migrating, and whether docs/migrating says of it what can be measured. */
import { beforeAll, describe, expect, test } from 'vitest';
import { load, migrations } from '../../examples/migrating/compare.ts';
import { read, tablesOf } from '../support/docs/markdown.ts';

/** The back-offs of some take seconds, on a machine that is busy with other tests. */
const LIMIT_MS = 120_000;

/** What a cell may say of a number. The slack of a time is for that machine. */
const claims: readonly [RegExp, (said: number, measured: number) => boolean][] = [
  [/^at most (\d+)$/, (said, measured) => measured <= said],
  [/^under (\d+) ms$/, (said, measured) => measured < said],
  [/^about (\d+) ms$/, (said, measured) => measured > said / 2 && measured < 2 * said + 500],
];

function isTrue(cell: string, measured: string | number | undefined): boolean {
  const bare = cell.replace(/^\*\*|\*\*$/g, '').replaceAll('`', '');
  for (const [form, holds] of claims) {
    const said = form.exec(bare)?.[1];
    if (said !== undefined) return typeof measured === 'number' && holds(Number(said), measured);
  }
  return bare === String(measured);
}

/** Before the first is measured: what loads keeps everything else waiting. */
const comparisons = new Map<string, Awaited<ReturnType<typeof load>>>();
beforeAll(async () => {
  for (const migration of migrations) comparisons.set(migration, await load(migration));
}, LIMIT_MS);

describe('what a migration comes to is what its page says:', () => {
  test.for(migrations)('%s', { concurrent: true, timeout: LIMIT_MS }, async migration => {
    const [rows = []] = tablesOf(read(`docs/migrating/from-${migration}.md`), 'Measured', 'Before', 'After');
    const { before, after } = await comparisons.get(migration)!();
    expect(rows.map(([what]) => what)).toEqual(Object.keys(before));
    const wrong = rows.flatMap(([what = '', saidBefore = '', saidAfter = '']) => [
      ...(isTrue(saidBefore, before[what]) ? [] : [`${what}, before: ${before[what]}, not ${saidBefore}`]),
      ...(isTrue(saidAfter, after[what]) ? [] : [`${what}, after: ${after[what]}, not ${saidAfter}`]),
    ]);
    expect(wrong).toEqual([]);
  });
});
