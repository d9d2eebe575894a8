/** Reads a document that something is to be made of. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { show } from '../pipeline/options.ts';
import { type DocumentOptions, Documents } from './document/documents.ts';
import { Unreadable } from './document/position.ts';
import { excerptOf, type Problems, problemText } from './document/problems.ts';
import { decoded } from './document/source-file.ts';

/** Nothing was made of a document, and why. */
export class GenerationError extends Error {
  override readonly name: string = 'GenerationError';
  /** The files that it may be mended in, by their absolute paths, as far as they are known. */
  readonly read: readonly string[];

  constructor(message: string, options?: ErrorOptions, read: readonly string[] = []) {
    super(message, options);
    this.read = read;
  }
}

/** @throws GenerationError if a document refers to what is not there: what came of the rest would look right. */
export function requireWhole({ wanted }: Documents, problems: Problems): void {
  const texts = new Set(problems.errors.map(problemText));
  if (texts.size === 0) return;
  const said = [
    'It refers to what is not there, so nothing is made of it.',
    ...[...texts].slice(0, maxErrors),
  ];
  if (texts.size > maxErrors) said.push(`… and ${texts.size - maxErrors} more.`);
  throw new GenerationError(said.join('\n\n'), {}, wanted);
}

/** So many errors are told of at once. */
const maxErrors = 20;

export interface OpenOptions extends DocumentOptions {
  /** Changes the document, in place, before anything is made of it. */
  readonly patch?: ((document: unknown) => void | Promise<void>) | undefined;
}

/** @throws GenerationError if it cannot be read, or is of another kind or version. */
export async function openDocument(
  input: string,
  problems: Problems,
  { patch, ...options }: OpenOptions = {},
): Promise<Documents> {
  const documents = await readDocuments(input, problems, options);
  await patch?.(documents.root.value);
  requireVersion(documents);
  return documents;
}

async function readDocuments(
  input: string,
  problems: Problems,
  options: DocumentOptions,
): Promise<Documents> {
  try {
    return await Documents.read(input, problems, options);
  } catch (error) {
    throw new GenerationError(await readingFailure(input, error), { cause: error });
  }
}

async function readingFailure(input: string, error: unknown): Promise<string> {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `${input} is not there.`;
  if (code === 'EISDIR') return `${input} is a folder, and should be a document.`;
  if (!(error instanceof Unreadable) || !error.position) return `${input} cannot be read: ${message}`;
  const { line, column } = error.position;
  const excerpt = excerptOf(decoded(await readFile(input)), error.position);
  return `${basename(input)}:${line}:${column} is neither YAML nor JSON: ${message}\n${excerpt}`;
}

/** Any 3.0, 3.1 or 3.2. What is in the document decides how it is read; the version does not. */
function requireVersion({ root }: Documents): void {
  const { name } = root.file;
  const version = root.get('openapi')?.value;
  if (/^3\.[012](?:\.|$)/.test(String(version))) return;
  if (root.get('swagger'))
    throw new GenerationError(
      `${name} is Swagger ${String(root.get('swagger')?.value)}. Convert it to OpenAPI 3 first, for instance with ` +
        '`npx swagger2openapi` or at https://converter.swagger.io.',
    );
  throw new GenerationError(
    version === undefined
      ? `${name} is no OpenAPI document: it has no member \`openapi\`.`
      : `${name} is OpenAPI ${show(version)}. 3.0, 3.1 and 3.2 can be read.`,
  );
}
