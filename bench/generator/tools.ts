/** Generators to measure, each by the script that its command runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Tool {
  readonly name: string;
  readonly writes: string;
  readonly script: string;
  args(input: string, output: string): readonly string[];
}

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const versionOf = (name: string): string => {
  const { version } = JSON.parse(readFileSync(fromHere(`../node_modules/${name}/package.json`), 'utf8'));
  return `${name} ${version}`;
};

export const HOLDFAST = 'holdfast';

export const tools = (): readonly Tool[] => [
  {
    name: HOLDFAST,
    writes: 'endpoints, types and zod',
    script: fromHere('../../dist/cli/main.js'),
    args: (input, output) => ['generate', input, '-o', output],
  },
  {
    name: versionOf('@hey-api/openapi-ts'),
    writes: 'types and zod',
    // Its `bin` starts another process, which would not be measured.
    script: fromHere('../node_modules/@hey-api/openapi-ts/dist/run.mjs'),
    args: (input, output) => ['-i', input, '-o', output, '-p', '@hey-api/typescript', 'zod'],
  },
  {
    name: versionOf('@kubb/plugin-zod'),
    writes: 'zod',
    script: fromHere('../node_modules/@kubb/cli/bin/kubb.cjs'),
    args: () => ['generate', '--config', fromHere('kubb.config.mjs')],
  },
  {
    name: versionOf('openapi-typescript'),
    writes: 'types only',
    script: fromHere('../node_modules/openapi-typescript/bin/cli.js'),
    args: (input, output) => [input, '-o', join(output, 'index.ts')],
  },
];
