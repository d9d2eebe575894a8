/** Prints the schemas of a document, and loads what was printed as any program would. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import type { z } from 'zod';
import { Documents } from '../../../src/generator/document/documents.ts';
import { Node } from '../../../src/generator/document/node.ts';
import { Problems } from '../../../src/generator/document/problems.ts';
import { Names } from '../../../src/generator/names.ts';
import { newSchemaPrinter } from '../../../src/generator/schema/printer.ts';
import type { Direction, SchemaOptions, SchemaPrinter } from '../../../src/generator/schemas.ts';
import { diagnosticsOf, programOf } from '../../support/compiler.ts';

export const folder: string = mkdtempSync(join(tmpdir(), 'holdfast-schemas-'));

export type Schemas = Readonly<Record<string, unknown>>;

export const documentOf = (schemas: Schemas, version = '3.1.0') => ({
  openapi: version,
  info: { title: 'Test', version: '1' },
  paths: {},
  components: { schemas },
});

export const defaults: SchemaOptions = { dates: 'string', int64: 'number', enums: 'closed', emit: 'ts' };

export interface Printed {
  readonly code: string;
  readonly problems: Problems;
  readonly printer: SchemaPrinter;
  /** Why a value is none of a component, as the generator judges the examples of a document. */
  readonly mismatch: (name: string, value: unknown) => string | undefined;
}

let count = 0;

/** Every component is asked for, in its order. */
export async function printed(
  schemas: Schemas,
  options: Parameters<typeof printedText>[2] = {},
): Promise<Printed> {
  const text = JSON.stringify(documentOf(schemas, options.version));
  return printedText(text, Object.keys(schemas), options);
}

/** The same of a text: what is nested deeper than some functions go can be written so. */
export async function printedText(
  text: string,
  asked: readonly string[],
  {
    version: _,
    direction = 'received',
    ...options
  }: Partial<SchemaOptions> & { version?: string; direction?: Direction } = {},
): Promise<Printed> {
  const path = join(folder, `document-${++count}.json`);
  writeFileSync(path, text);
  const problems = new Problems();
  const documents = await Documents.read(path, problems);
  const names = new Names(problems, ['schema']);
  const printer = newSchemaPrinter(documents, names, problems, { ...defaults, ...options });
  const referenceTo = (name: string): Node => {
    const pointer = name.replaceAll('~', '~0').replaceAll('/', '~1');
    const reference = { $ref: `#/components/schemas/${encodeURIComponent(pointer)}` };
    return new Node(reference, documents.root.file, documents.root, `asked ${name}`);
  };
  for (const name of asked) printer.print(referenceTo(name), direction, name);
  return {
    code: printer.declarations.map(({ code }) => code.ts).join('\n\n'),
    problems,
    printer,
    mismatch: (name, value) => printer.mismatch(referenceTo(name), direction, value),
  };
}

export const moduleOf = (code: string, contract: string, zod: string): string =>
  `import * as z from '${zod}';\nimport { isoDateTime, maxCharacters, minCharacters, schema } from '${contract}';\n\n${code}\n`;

const contractFile = resolve('src/contract/index.ts');

/** The schemas of a printed module, by their names. */
export async function loaded(code: string): Promise<Record<string, z.ZodType>> {
  const file = join(folder, `module-${++count}.ts`);
  writeFileSync(file, moduleOf(code, pathToFileURL(contractFile).href, import.meta.resolve('zod')));
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, z.ZodType>;
}

/** What the compiler says of a printed module, as strict as it can be. */
export function mistakesOf(code: string): string[] {
  const file = join(folder, `typed-${++count}.mts`);
  writeFileSync(file, moduleOf(code, 'holdfast/contract', 'zod'));
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    isolatedDeclarations: true,
    declaration: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2024.d.ts', 'lib.dom.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
    paths: {
      'holdfast/contract': [contractFile],
      zod: [fileURLToPath(import.meta.resolve('zod')).replace(/\.js$/, '.d.ts')],
    },
  };
  return diagnosticsOf(programOf([file], options)).map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
}

/** What the formatter of this repository makes of code. */
export { formatted } from './formatter.ts';
