/** Generates contracts of small documents, and loads what comes of it. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll } from 'vitest';
import type { Endpoint, EndpointOptions } from '../../src/contract/index.ts';
import { type GenerateOptions, type GenerateResult, generate } from '../../src/generator/index.ts';
import { compilerOptions, diagnosticsOf as problemsOf, programOf } from '../support/compiler.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders: string[] = [];

/** Below the repository, so that what is generated finds the packages it imports. */
export async function workFolder(): Promise<string> {
  const parent = join(root, 'node_modules/.holdfast-tests');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'generator-'));
  folders.push(folder);
  return folder;
}

afterAll(() => Promise.all(folders.map(folder => rm(folder, { recursive: true, force: true }))));

/** A document around some paths. */
export const documentOf = (paths: object, more: object = {}): object => ({
  openapi: '3.1.0',
  info: { title: 'Test', version: '1' },
  paths,
  ...more,
});

/** A document around one operation, `GET /things` unless it is said otherwise. */
export const operationOf = (operation: object, method = 'get', path = '/things'): object =>
  documentOf({ [path]: { [method]: { operationId: 'it', responses: { 200: {} }, ...operation } } });

export interface Generated extends GenerateResult {
  readonly folder: string;
  /** The text of `index.ts`. */
  readonly text: string;
}

/** In a folder of its own, unless one is given. */
export async function generated(
  document: object | string,
  options: Partial<GenerateOptions> = {},
): Promise<Generated> {
  const folder = await workFolder();
  const input = join(folder, 'openapi.yaml');
  await writeFile(input, typeof document === 'string' ? document : JSON.stringify(document, null, 2));
  const output = options.output ?? join(folder, 'api');
  const result = await generate({ input, output, ...options });
  const text = await readFile(join(output, 'index.ts'), 'utf8').catch(() => '');
  return { ...result, folder: output, text };
}

export interface Loaded extends Generated {
  readonly contract: Readonly<Record<string, Endpoint<EndpointOptions>>>;
  readonly module: Readonly<Record<string, unknown>>;
}

/** Generates a contract and imports it: every endpoint is looked at by `endpoint()`. */
export async function loaded(
  document: object | string,
  options: Partial<GenerateOptions> = {},
): Promise<Loaded> {
  const result = await generated(document, options);
  const module = await importFrom(result.folder);
  return { ...result, module, contract: module.contract as Loaded['contract'] };
}

/** The sources stand in for the package. */
export async function importFrom(folder: string, file = 'index.ts'): Promise<Record<string, unknown>> {
  const target = await workFolder();
  const ending = file.endsWith('.ts') ? 'ts' : 'js';
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    const source = join(root, 'src/contract/index.ts');
    await writeFile(
      join(target, name),
      text
        .replaceAll("'holdfast/contract'", JSON.stringify(source))
        .replaceAll(/'(\.\/[\w-]+)\.js'/g, `'$1.${ending}'`),
    );
  }
  return import(/* @vite-ignore */ join(target, file));
}

/** The options of the one endpoint of a document made by `operationOf`. */
export async function optionsOf(document: object): Promise<EndpointOptions & { problems: string[] }> {
  const { contract, problems } = await loaded(document);
  const [endpoint] = Object.values(contract);
  if (!endpoint) throw new Error('There is no endpoint.');
  return { ...endpoint.options, problems: problems.map(({ message, instead }) => `${message} ${instead}`) };
}

/** What the compiler says of the output and of a program that uses it. */
export function diagnosticsOf(folder: string, caller: string): string[] {
  const file = join(folder, 'caller.ts');
  const paths = {
    'holdfast/contract': [join(root, 'src/contract/index.ts')],
    'holdfast/testing/msw': [join(root, 'src/testing/msw/index.ts')],
  };
  const program = programOf([file], { ...compilerOptions(), paths }, new Map([[file, caller]]));
  return problemsOf(program).map(
    ({ messageText, file: at }) =>
      `${at?.fileName.split('/').at(-1)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
  );
}
