/** One operation of a document as `export const … = endpoint({…})`. */
import type { Pagination } from '../../contract/pagination.ts';
import type { Node } from '../document/node.ts';
import { pascalCase } from '../names.ts';
import { docComment, literal, member, propertyName, prose, quoted } from '../print/code.ts';
import { hardLine, type Layout } from '../print/layout.ts';
import { printRequestBody } from './contents.ts';
import type { Context } from './context.ts';
import type { FoundOperation } from './find-operations.ts';
import { idempotencyOf } from './idempotency.ts';
import { paginationOf } from './pagination.ts';
import { parametersOf, printGroups, stylesIn } from './parameters.ts';
import { policyOf } from './policy-hints.ts';
import { printResponses, responsesOf } from './responses.ts';
import { lines, nothing, type Typed, typedObject } from './typed.ts';

/** An operation with the names that it goes by. */
export interface NamedOperation extends FoundOperation {
  readonly name: string;
  /** Undefined where it is the name, or another operation has it. */
  readonly operationId: string | undefined;
}

export function printOperation(operation: NamedOperation, context: Context): Layout {
  const { name, node, method, template } = operation;
  noteWhatIsLeftOut(operation, context);
  const hint = pascalCase(name);
  const parameters = parametersOf(operation, context);
  const answers = responsesOf(operation, context);
  const styles = stylesIn(parameters);
  const body = printBody(operation, hint, context);
  const responses =
    answers.length > 0 ? printResponses(answers, operation, hint, context) : anyResponse(operation, context);
  const idempotency = idempotencyOf(node, context.documents.root, parameters.takesKey);
  const paginate = paginationOf(operation, parameters, answers, context);
  const groups = printGroups(parameters, hint, context);
  const typed: Exchanged[] = [
    ...groups,
    ...(body ? [['body', body] as const] : []),
    ['responses', responses],
  ];
  const members: Layout[] = [
    member('method', quoted(method)),
    member('path', quoted(template.path)),
    ...groups.map(([place, { code }]) => member(place, code)),
    ...optional('styles', styles),
    ...(body ? [member('body', body.code)] : []),
    member('responses', responses.code),
    ...optional('idempotency', idempotency),
    ...optional('policy', policyOf(node, context.problems)),
    ...optional('paginate', paginate),
    ...optional('operationId', operation.operationId),
    ...optional('tags', operation.tags.length > 0 ? operation.tags : undefined),
    ...optional('deprecated', operation.isDeprecated || undefined),
  ];
  const declared = context.schemas.take().map(declaration => [declaration, hardLine, hardLine]);
  return [...declared, commentOf(operation), exported(name, typeOf(typed, paginate), 'endpoint', members)];
}

/** A group of what is sent, or what comes back. */
type Exchanged = readonly [name: string, group: Typed];

/** What callers see of an endpoint: what goes in, and what comes out. */
function typeOf(exchanged: readonly Exchanged[], paginate: Pagination | undefined): Layout {
  const members = exchanged.map(([name, { type }]) => [`${name}: `, type]);
  if (paginate) members.push([`paginate: ${paginate.items ? `{ items: ${quoted(paginate.items)} }` : '{}'}`]);
  return ['Endpoint<', lines(members, ';'), '>'];
}

const optional = (name: string, value: unknown): Layout[] =>
  value === undefined ? [] : [member(propertyName(name), literal(value))];

/** `export const name: Type = call({…});`. */
export const exported = (name: string, type: Layout, call: string, members: readonly Layout[]): Layout => [
  `export const ${name}: `,
  type,
  ` = /* @__PURE__ */ ${call}(`,
  lines(members, ','),
  ');',
];

function commentOf({ node, isDeprecated }: FoundOperation): Layout {
  const summary = node.text('summary')?.trim();
  const description = node.text('description')?.trim();
  return docComment(
    prose(summary),
    description === summary ? undefined : prose(description),
    isDeprecated ? '@deprecated' : undefined,
  );
}

function printBody({ node, method }: FoundOperation, hint: string, context: Context): Typed | undefined {
  const { shapes, problems } = context;
  const declared = node.get('requestBody');
  const content = shapes.resolve(declared)?.get('content');
  if (!declared || !content) return undefined;
  if (method === 'GET' || method === 'HEAD') {
    // Some documents declare an empty form for every operation: nothing is lost of it.
    const isEmpty = content.members().every(([, media]) => isEmptyObject(media.get('schema')));
    if (!isEmpty)
      problems.warn(`${method} is sent without a body.`, 'What is declared for it is left out.', declared);
    return undefined;
  }
  return printRequestBody(content, { name: `${hint}Body`, sharedAs: undefined }, context);
}

const isEmptyObject = (schema: Node | undefined): boolean =>
  schema?.text('$ref') === undefined && schema?.get('properties')?.members().length === 0;

function anyResponse({ node }: FoundOperation, { problems }: Context): Typed {
  problems.warn('No response is declared.', 'Any is taken, its body left unread.', node);
  return typedObject([['default', nothing]]);
}

function noteWhatIsLeftOut({ node, pathItem }: FoundOperation, { problems }: Context): void {
  const servers = node.get('servers') ?? pathItem.get('servers');
  if (servers)
    problems.note('It has servers of its own.', 'It is called at the base URL of the client.', servers);
}
