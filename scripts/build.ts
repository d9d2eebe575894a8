/** Builds `dist/` from `src/` with the TypeScript compiler alone: one module per file. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});

// By way of a variable: the types are there only once this has run.
const built = new URL('../dist/policy-file/schema.js', import.meta.url).href;
const { jsonSchema } = (await import(built)) as { jsonSchema: () => Record<string, unknown> };
writeFileSync('dist/policy-file/policy.schema.json', `${JSON.stringify(jsonSchema(), null, 2)}\n`);
