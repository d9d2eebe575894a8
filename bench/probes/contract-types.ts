import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Probe } from '../probe.ts';

const endpoints = 500;
const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the compiler takes for a contract of many endpoints, each with schemas of its own; and for a call of each on top. */
export const contractTypes: Probe = {
  name: 'contract-types',
  async run(_holdfast, scale) {
    const count = Math.round(endpoints * Math.max(scale, 0.1));
    const alone = check(contractOf(count));
    const called = check(contractOf(count) + callsOf(count));
    const what = `${count} endpoints, by the compiler`;
    return [
      { what: `a contract of ${what}`, measured: alone.seconds, limit: 3, unit: 's of checking' },
      { what: `a contract of ${what}`, measured: alone.megabytes, limit: 500, unit: 'MB' },
      { what: `a call of each of ${what}`, measured: called.seconds - alone.seconds, unit: 's of checking' },
      { what: `a call of each of ${what}`, measured: called.megabytes - alone.megabytes, unit: 'MB' },
    ];
  },
};

function check(program: string): { seconds: number; megabytes: number } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-contract-'));
  try {
    writeFileSync(join(folder, 'contract.mts'), program);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['contract.mts'] }),
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const said = execFileSync(process.execPath, [tsc, '-p', folder, '--extendedDiagnostics'], {
      encoding: 'utf8',
    });
    return {
      seconds: figureOf(said, /Check time:\s+([\d.]+)s/),
      megabytes: figureOf(said, /Memory used:\s+(\d+)K/) / 1_000,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const compilerOptions = {
  target: 'ES2023',
  lib: ['ES2024', 'DOM', 'DOM.Iterable'],
  module: 'NodeNext',
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
};

function figureOf(said: string, figure: RegExp): number {
  const found = figure.exec(said)?.[1];
  if (found === undefined) throw new Error(`The compiler did not say ${figure}:\n${said}`);
  return Number(found);
}

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

const contractOf = (count: number): string => `
import { createApi, defineContract, endpoint } from ${JSON.stringify(join(root, 'dist/contract/index.js'))};
import { z } from ${JSON.stringify(join(root, 'node_modules/zod/index.js'))};

const Problem = z.object({ type: z.string(), title: z.string(), status: z.number() });
${lines(
  count,
  index => `const Thing${index} = z.object({
  id: z.uuid(),
  name${index}: z.string(),
  count: z.int(),
  tags: z.array(z.string()),
  nested: z.object({ depth: z.string(), width${index}: z.number().optional() }),
  kind: z.enum(['kelp', 'wrack', 'kind${index}']),
});`,
)}

export const contract = defineContract({
${lines(
  count,
  index => `  operation${index}: endpoint({
    method: '${isRead(index) ? 'GET' : 'POST'}',
    path: '/things${index}/{id}',
    params: z.object({ id: z.uuid() }),
    query: z.object({ limit: z.number().optional() }),${isRead(index) ? '' : `\n    body: Thing${index}.omit({ id: true }),`}
    responses: { 200: Thing${index}, 404: Problem, 422: Problem },
  }),`,
)}
});
export const api = createApi(contract, { baseUrl: 'https://things.internal' });
`;

const callsOf = (count: number): string =>
  lines(count, index =>
    isRead(index)
      ? `export const name${index}: string = (await api.operation${index}({ params: { id: '' } })).name${index};`
      : `export const answer${index} = await api.operation${index}.safe({ params: { id: '' }, body: null as never });`,
  );

const isRead = (index: number): boolean => index % 2 === 0;
