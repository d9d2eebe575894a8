/** From a document to a folder with a contract. */
import {
  boolean,
  type Check,
  type Checks,
  callback,
  listOf,
  oneOf,
  readOptions,
  text,
} from '../pipeline/options.ts';
import type { Documents } from './document/documents.ts';
import { type Problem, Problems } from './document/problems.ts';
import { type MakePrinter, makePrinter } from './make-printer.ts';
import { examplesModule, type Files, marker, moduleByTag, oneModule, reservedNames } from './module.ts';
import { Names } from './names.ts';
import { GenerationError, openDocument, requireWhole } from './open-document.ts';
import type { Context } from './operations/context.ts';
import { printExamples } from './operations/examples.ts';
import { findCallbacks, findWebhooks, isIncoming } from './operations/find-incoming.ts';
import { findOperations } from './operations/find-operations.ts';
import { InlineSchemas } from './operations/inline-schemas.ts';
import { nameOperations } from './operations/name-operations.ts';
import { printCallbacks, printWebhooks } from './operations/print-incoming.ts';
import { printOperation } from './operations/print-operation.ts';
import { schemesOf } from './operations/security.ts';
import { selected, selectorOf } from './operations/select.ts';
import { Shapes } from './operations/shapes.ts';
import type { SchemaOptions } from './schemas.ts';
import { type Changes, changesIn, ForeignFolder, writeChanges } from './write-files.ts';

/** What a contract is generated from, into what, and how. */
export interface GenerateOptions {
  /** The document: a file with OpenAPI 3.0, 3.1 or 3.2, as YAML or JSON. */
  readonly input: string;
  /** The folder for the output, which holds nothing else. */
  readonly output: string;
  /**
   * Which operations: `tag:…`, `path:…`, `method:…` and `id:…`, with `*` for anything, or `deprecated`. What no chosen
   * operation needs is not written.
   * @defaultValue all
   */
  readonly include?: readonly string[];
  /** Which operations not, in the same words. */
  readonly exclude?: readonly string[];
  /** `tag`: a file for each tag. By default there is one file. */
  readonly split?: 'tag';
  /**
   * `js`: a `.js` with a `.d.ts` beside it in the place of each `.ts`. The compiler of the project reads declarations
   * faster than code; people read the code of `ts` better.
   * @defaultValue 'ts'
   */
  readonly emit?: 'ts' | 'js';
  /**
   * What `date-time` and `date` are in the program.
   * @defaultValue 'string'
   */
  readonly dates?: 'string' | 'Date' | 'Temporal';
  /**
   * What an `int64` is in the program.
   * @defaultValue 'number'
   */
  readonly int64?: 'number' | 'bigint' | 'string';
  /**
   * `open`: an enum that arrives may have a value that the document does not know.
   * @defaultValue 'closed'
   */
  readonly enums?: 'closed' | 'open';
  /**
   * Whether `examples.ts` is written beside the contract: what the document gives as examples of its responses, for
   * `mockHandlers` of `holdfast/testing/msw`.
   * @defaultValue false
   */
  readonly examples?: boolean;
  /**
   * Whether references may lead to the network.
   * @defaultValue false
   */
  readonly allowNetwork?: boolean;
  /**
   * Writes nothing: `isStale` of the result says whether anything would be written.
   * @defaultValue false
   */
  readonly check?: boolean;
  /** Changes the document, in place, before anything is made of it. */
  readonly patch?: (document: unknown) => void | Promise<void>;
  /** Hears what is being done, for runs that take long. */
  readonly onProgress?: (message: string) => void;
}

/** What came of it. Files are named within the output folder. */
export interface GenerateResult extends Changes {
  /** Whether the folder holds, or held, something other than the document asks for. */
  readonly isStale: boolean;
  readonly operations: number;
  /** How many schemas have a name of their own. */
  readonly schemas: number;
  /** What could not be taken as it stands, and what was done instead; each once. */
  readonly problems: readonly Problem[];
  /** The files that the output depends on, by their absolute paths: what was read, or could not be. */
  readonly read: readonly string[];
}

const file: Check = text(/[^\s]/, 'a path');
const selectors: Check = (value, name) => {
  listOf(text(/./s, 'a text'))(value, name);
  for (const one of value as string[]) selectorOf(one, name);
};

/** What the options may be, one by one. */
export const generateChecks: Checks<GenerateOptions> = {
  input: file,
  output: file,
  include: selectors,
  exclude: selectors,
  split: oneOf('tag'),
  emit: oneOf('ts', 'js'),
  dates: oneOf('string', 'Date', 'Temporal'),
  int64: oneOf('number', 'bigint', 'string'),
  enums: oneOf('closed', 'open'),
  examples: boolean,
  allowNetwork: boolean,
  check: boolean,
  patch: callback,
  onProgress: callback,
};

/**
 * Writes the contract of an OpenAPI document. Files that would not change are not touched; where anything fails, none is.
 *
 * @throws GenerationError if the document cannot be read, refers to what is not there, is of another kind or version, no
 * operation of it is chosen, or the folder is not ours.
 * @throws TypeError for wrong options.
 * @example
 * const { written, problems } = await generate({ input: 'openapi.yaml', output: 'src/api' });
 * for (const problem of problems) console.warn(problemText(problem));
 */
export async function generate(options: GenerateOptions): Promise<GenerateResult> {
  for (const required of ['input', 'output'] as const)
    if (options[required] === undefined) throw new TypeError(`\`${required}\` is missing.`);
  readOptions<GenerateOptions, object>('', options, generateChecks, {});
  const { input, output, allowNetwork = false, check = false, patch, onProgress = () => {} } = options;
  const problems = new Problems();
  onProgress(`Reading ${input}`);
  const documents = await openDocument(input, problems, { allowNetwork, patch });
  const made = makeFiles(documents, problems, options, makePrinter);
  requireWhole(documents, problems);
  const changes = await changesIn(output, made.files, marker).catch(asGenerationError);
  if (!check) await writeChanges(output, made.files, changes);
  const isStale = changes.written.length + changes.removed.length > 0;
  return { ...changes, isStale, ...made.counts, problems: once(problems.all), read: documents.wanted };
}

function asGenerationError(error: unknown): never {
  if (error instanceof ForeignFolder) throw new GenerationError(error.message, { cause: error });
  throw error;
}

interface Made {
  readonly files: Files;
  readonly counts: { readonly operations: number; readonly schemas: number };
}

function makeFiles(
  documents: Documents,
  problems: Problems,
  options: GenerateOptions,
  make: MakePrinter,
): Made {
  const { include = [], exclude = [], split, emit = 'ts', onProgress = () => {} } = options;
  const isWanted = [...findOperations(documents, problems), ...findWebhooks(documents, problems)];
  const chosen = selected(isWanted, include, exclude, problems);
  const webhooks = chosen.filter(isIncoming);
  const found = chosen.filter(operation => !isIncoming(operation));
  if (chosen.length === 0 && isWanted.length > 0) throw new GenerationError(nothingChosen(include, exclude));
  if (chosen.length === 0)
    problems.warn('There is no operation.', 'The contract is empty.', documents.root.get('paths'));
  onProgress(`Writing ${counted(found.length, 'operation')} of ${counted(documents.size, 'file')}`);
  const hasCallbacks = found.some(({ node }) => node.get('callbacks')?.members().length);
  const names = new Names(problems, [
    ...reservedNames,
    ...(schemesOf(documents).length > 0 ? ['securitySchemes'] : []),
    ...(webhooks.length > 0 ? ['webhooks'] : []),
    ...(hasCallbacks ? ['callbacks'] : []),
  ]);
  // Before schemas: the names of operations are what callers write.
  const operations = nameOperations(found, names, problems);
  const printer = make(documents, names, problems, schemaOptions(options));
  const schemas = new InlineSchemas(printer, names, emit);
  const context: Context = { documents, problems, schemas, shapes: new Shapes(documents), emit };
  const codeOf = new Map(operations.all.map(it => [it.name, printOperation(it, context)]));
  const callbacks = operations.all.flatMap(operation => {
    const requests = findCallbacks(operation, documents, problems);
    return requests.length > 0 ? [{ operation: operation.name, callbacks: requests }] : [];
  });
  const incoming = [
    ...(webhooks.length > 0 ? [printWebhooks(webhooks, context)] : []),
    ...(callbacks.length > 0 ? [printCallbacks(callbacks, context)] : []),
  ];
  const printed = {
    documents,
    problems,
    operations,
    codeOf,
    incoming,
    declarations: [...printer.declarations, ...schemas.shared],
    emit,
  };
  const files = new Map(split === 'tag' ? moduleByTag(printed) : oneModule(printed));
  if (options.examples) {
    const isTextOnWire = options.int64 !== 'string';
    const code = printExamples(operations.inContract, context, isTextOnWire);
    for (const [name, text] of examplesModule(printed, code)) files.set(name, text);
  }
  return {
    files,
    counts: { operations: found.length, schemas: printed.declarations.length },
  };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** More often a slip of the pen than a wish for an empty folder. */
function nothingChosen(include: readonly string[], exclude: readonly string[]): string {
  const said = [
    ...(include.length > 0 ? [`include: ${include.join(', ')}`] : []),
    ...(exclude.length > 0 ? [`exclude: ${exclude.join(', ')}`] : []),
  ];
  return `No operation of the document is chosen (${said.join('; ')}), so nothing is written.`;
}

const schemaOptions = ({
  dates = 'string',
  int64 = 'number',
  enums = 'closed',
  emit = 'ts',
}: GenerateOptions): SchemaOptions => ({
  dates,
  int64,
  enums,
  emit,
});

/** A part that many operations refer to is looked at by each of them. */
function once(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(problem => {
    const key = `${problem.severity} ${problem.message} ${problem.node?.id}`;
    return !seen.has(key) && seen.add(key);
  });
}
