import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, readdir, writeFile } from 'node:fs/promises';
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

/** Each mistake is one to the compiler, or the comment above it is. */
const wrong = `
import { createApi } from 'holdfast/contract';
import { contract, type User } from './index.js';

const api = createApi(contract, { baseUrl: 'https://users.test' });
export const said: Promise<User> = api.getUser({ params: { id: 'a' }, query: { fields: ['name'] } });
// @ts-expect-error -- there is no such field
said.then(user => user.nmae);
// @ts-expect-error -- an id is a text
api.getUser({ params: { id: 1 } });
// @ts-expect-error -- a name is a text
api.createUser({ body: { name: 1 } });
// @ts-expect-error -- there is no such parameter
api.listUsers({ query: { cursr: 'a' } });
`;

/** One that is right, and one that is not. */
const callsTo: Readonly<Record<string, string>> = {
  'fastapi-app.json': `
export const title: Promise<string> = api.getTicket({ params: { ticket_id: 'a' } }).then(it => it.title);
// @ts-expect-error -- there is no such field
api.getTicket({ params: { ticket_id: 'a' } }).then(it => it.titel);
`,
  'qdrant.json': `
export const time: Promise<number | undefined> = api.getCollections().then(it => it.time);
// @ts-expect-error -- there is no such field
api.getCollections().then(it => it.tme);
`,
};

/** Declarations as code: as such, the compiler looks into them, though it is told to skip those of packages. */
async function declarationsOf(folder: string): Promise<string> {
  const target = await workFolder();
  for (const name of (await readdir(folder)).filter(each => each.endsWith('.d.ts')))
    await copyFile(join(folder, name), join(target, name.replace(/\.d\.ts$/, '.ts')));
  return target;
}

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

  test('takes JavaScript with its declarations, and what calls it', async () => {
    const pairs = await generated(everything, { emit: 'js', examples: true });
    await writeFile(join(pairs.folder, 'caller.ts'), caller);
    const byTag = await generated(everything, { emit: 'js', split: 'tag', dates: 'Date', int64: 'bigint' });
    await writeFile(join(byTag.folder, 'wrong.ts'), wrong);
    const declared = [await declarationsOf(pairs.folder), await declarationsOf(byTag.folder)];
    expect(await complaintsOf(compiler, [pairs.folder, byTag.folder, ...declared])).toBe('');
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

  test.skipIf(!existsSync(corpus))('takes the declarations of real services', async () => {
    const outputs = ['fastapi-app.json', 'qdrant.json'].map(async name => {
      const output = join(await workFolder(), 'api');
      await generate({ input: join(corpus, name), output, emit: 'js' });
      await writeFile(
        join(output, 'caller.ts'),
        `import { createApi } from 'holdfast/contract';
import { contract } from './index.js';
const api = createApi(contract, { baseUrl: 'https://service.test' });
${callsTo[name]}`,
      );
      return [output, await declarationsOf(output)];
    });
    expect(await complaintsOf(compiler, (await Promise.all(outputs)).flat())).toBe('');
  });
});
