/** From two documents to what callers notice. */
import { boolean, type Check, type Checks, readOptions, text } from '../../pipeline/options.ts';
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import { type Problem, Problems } from '../document/problems.ts';
import { openDocument } from '../open-document.ts';
import { type FoundOperation, findOperations } from '../operations/find-operations.ts';
import { nameOf } from '../operations/naming.ts';
import { compareSchemes, compareSecurity, compareServers } from './access.ts';
import type { Change } from './change.ts';
import { compareBodies, compareResponses } from './exchange.ts';
import { compareParameters, type Versioned } from './parameters.ts';
import { type Context, Recorder } from './recorder.ts';
import { SchemaComparison } from './schemas.ts';

/** Which documents are compared. */
export interface DiffOptions {
  /** The old document: a file. */
  readonly from: string;
  /** The new one. */
  readonly to: string;
  /**
   * Whether references may lead to the network.
   * @defaultValue false
   */
  readonly allowNetwork?: boolean;
}

export interface DiffResult {
  /** In the order of the old document, and then of the new one. */
  readonly changes: readonly Change[];
  /** Whether any of them breaks. */
  readonly isBreaking: boolean;
  /** What of the two could not be read, and so was not compared. */
  readonly problems: readonly Problem[];
}

const file: Check = text(/[^\s]/, 'a path');

const checks: Checks<DiffOptions> = { from: file, to: file, allowNetwork: boolean };

/**
 * What of a new document breaks callers that a client of the old one has.
 *
 * @throws GenerationError if a document cannot be read, or is of another kind or version.
 * @throws TypeError for wrong options.
 * @example
 * const { changes, isBreaking } = await diff({ from: 'old.yaml', to: 'new.yaml' });
 * for (const { level, message } of changes) console.log(level, message);
 */
export async function diff(options: DiffOptions): Promise<DiffResult> {
  for (const required of ['from', 'to'] as const)
    if (options[required] === undefined) throw new TypeError(`\`${required}\` is missing.`);
  readOptions<DiffOptions, object>('', options, checks, {});
  const { from, to, allowNetwork = false } = options;
  const problems = new Problems();
  const before = await openDocument(from, problems, { allowNetwork });
  const after = await openDocument(to, problems, { allowNetwork });
  const changes = compareDocuments(before, after, problems);
  return {
    changes,
    isBreaking: changes.some(({ level }) => level === 'breaking'),
    problems: unique(problems.all),
  };
}

function unique(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ message, node }) => {
    const key = `${message} ${node?.id}`;
    return !seen.has(key) && seen.add(key);
  });
}

function compareDocuments(from: Documents, to: Documents, problems: Problems): Change[] {
  const recorder = new Recorder();
  const schemas = new SchemaComparison(from, to);
  const contextOf = (operation: string | undefined): Context => ({
    tell: (level, code, message, before, after, side) =>
      recorder.tell({ level, code, message, from: before, to: after, ...(side && { side }) }, operation),
    compare: (before, after, side) => recorder.reach(schemas.compare(before, after, side), operation ?? ''),
  });
  const whole = contextOf(undefined);
  compareServers(from, to, whole);
  compareSchemes(from, to, whole);
  const [before, after] = [from, to].map(documents => byRoute(findOperations(documents, problems)));
  compareOperations(before ?? new Map(), after ?? new Map(), [from, to], contextOf);
  schemas.finish();
  return recorder.changes();
}

type Operations = ReadonlyMap<string, FoundOperation>;

/** The names of parameters do not tell one route from another. */
const byRoute = (operations: readonly FoundOperation[]): Operations =>
  new Map(
    operations.map(operation => {
      const { method, template } = operation;
      const query = template.query.map(pair => pair.join('=')).join('&');
      return [`${method} ${template.path.replaceAll(/\{[^}]+\}/g, '{}')} ${query}`, operation];
    }),
  );

const routeOf = ({ method, writtenPath }: FoundOperation): string => `${method} ${writtenPath}`;

function compareOperations(
  before: Operations,
  after: Operations,
  [from, to]: readonly [Documents, Documents],
  contextOf: (operation: string) => Context,
): void {
  const isNew = new Map([...after].filter(([route]) => !before.has(route)));
  for (const [route, operation] of before) {
    const other = after.get(route);
    const context = contextOf(routeOf(other ?? operation));
    if (other) compareOperation({ documents: from, operation }, { documents: to, operation: other }, context);
    else
      context.tell('breaking', 'operation-removed', goneText(operation, isNew), operation.node, pathsOf(to));
  }
  for (const operation of isNew.values())
    contextOf(routeOf(operation)).tell(
      'compatible',
      'operation-added',
      'The operation is new.',
      pathsOf(from),
      operation.node,
    );
}

const pathsOf = ({ root }: Documents): Node => root.get('paths') ?? root;

function goneText(operation: FoundOperation, others: Operations): string {
  const id = operation.node.text('operationId');
  const moved = [...others.values()].find(({ node }) => id !== undefined && node.text('operationId') === id);
  return moved ? `The operation is gone: ${id} is ${routeOf(moved)} now.` : 'The operation is gone.';
}

function compareOperation(from: Versioned, to: Versioned, context: Context): void {
  const [before, after] = [from.operation, to.operation];
  const [was, is] = [before, after].map(({ node, method, writtenPath }) => nameOf(node, method, writtenPath));
  // Of an operation without an id, the name has those of the parameters in it; these are told of themselves.
  if (was !== is && (before.node.text('operationId') ?? after.node.text('operationId')) !== undefined)
    context.tell(
      'breaking',
      'operation-renamed',
      `The operation was called ${was}, and is called ${is}.`,
      before.node,
      after.node,
    );
  if (!before.isDeprecated && after.isDeprecated)
    context.tell(
      'compatible',
      'operation-deprecated',
      'The operation is deprecated.',
      before.node,
      after.node,
    );
  if (before.isDeprecated && !after.isDeprecated)
    context.tell(
      'compatible',
      'operation-revived',
      'The operation is not deprecated any more.',
      before.node,
      after.node,
    );
  compareSecurity(from, to, context);
  compareParameters(from, to, context);
  compareBodies(from, to, context);
  compareResponses(from, to, context);
}
