import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { generate } from '../../src/generator/index.ts';
import { corpus, documents } from './corpus.ts';
import { everything } from './everything.ts';
import { generated, workFolder } from './support.ts';

const compilers = {
  '5.9': 'test/generator/compilers/typescript-5.9/node_modules/typescript/bin/tsc',
  '6': 'node_modules/typescript/bin/tsc',
  '7': 'test/generator/compilers/typescript-7/node_modules/typescript/bin/tsc',
};
const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** As strict as a user's compiler can be. The package is looked at as it is published. */
const compilerOptions = {
  target: 'ES2023',
  lib: ['ES2024', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
  module: 'NodeNext',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  isolatedModules: true,
  isolatedDeclarations: true,
  declaration: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  paths: {
    'holdfast/contract': [fromRoot('dist/contract/index.d.ts')],
    zod: [fromRoot('node_modules/zod/index.d.ts')],
  },
};

/** What a compiler says of some folders; nothing if it has nothing to say. */
async function complaintsOf(compiler: string, folders: readonly string[]): Promise<string> {
  const folder = await workFolder();
  const config = join(folder, 'tsconfig.json');
  const include = folders.map(each => join(each, '*.ts'));
  await writeFile(config, JSON.stringify({ compilerOptions, include, exclude: [] }));
  const { stdout } = spawn(process.execPath, [fromRoot(compiler), '--project', config, '--pretty', 'false']);
  return text(stdout);
}

/** An endpoint made of a generated one is what it was made of, pages included. */
const caller = `
import { createApi, defineContract, endpoint } from 'holdfast/contract';
import { getUser, listUsers } from './index.js';

const patient = defineContract({
  list: endpoint({ ...listUsers.options, policy: { totalTimeoutMs: 60_000 } }),
  get: endpoint({ ...getUser.options, idempotency: 'none' }),
});
const api = createApi(patient, { baseUrl: 'https://users.test' });
for await (const { name } of api.list.items({})) name.trim();
export const name: Promise<string> = api.get({ params: { id: 'a' } }).then(user => user.name);
`;

describe.each(Object.entries(compilers))('TypeScript %s', { timeout: 120_000 }, (version, compiler) => {
  test('takes all that a document can have, in one file or many', async () => {
    const whole = await generated(everything);
    await writeFile(join(whole.folder, 'caller.ts'), caller);
    const byTag = await generated(everything, {
      split: 'tag',
      dates: 'Date',
      int64: 'bigint',
      enums: 'open',
    });
    expect(await complaintsOf(compiler, [whole.folder, byTag.folder])).toBe('');
  });

  test('finds what is wrong', async () => {
    const { folder } = await generated(everything);
    await writeFile(join(folder, 'wrong.ts'), "import { contract } from './index.js';\ncontract.nobody;\n");
    expect(await complaintsOf(compiler, [folder])).toContain("'nobody' does not exist");
  });

  test.skipIf(!existsSync(corpus))(`takes the documents of real services (${version})`, async () => {
    const outputs = Object.keys(documents).map(async name => {
      const output = join(await workFolder(), 'api');
      await generate({ input: join(corpus, name), output });
      return output;
    });
    expect(await complaintsOf(compiler, await Promise.all(outputs))).toBe('');
  });
});
