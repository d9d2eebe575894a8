/** One operation of a document as `export const …: Endpoint<{…}> = endpoint({…})`. */
import type { Node } from '../document/node.ts';
import { pascalCase } from '../names.ts';
import { docComment, literal, literalType, member, prose } from '../print/code.ts';
import { hardLine, indent, type Layout, wholeText, width } from '../print/layout.ts';
import { joinTexts, printStatement, type Statement, type Text } from '../print/statement.ts';
import { printRequestBody } from './contents.ts';
import type { Context } from './context.ts';
import type { FoundOperation } from './find-operations.ts';
import { idempotencyOf } from './idempotency.ts';
import { paginationOf } from './pagination.ts';
import { parametersOf, printGroups, stylesIn } from './parameters.ts';
import { policyOf } from './policy-hints.ts';
import { printResponses, responsesOf } from './responses.ts';
import { securityOf } from './security.ts';
import { serverUrls } from './servers.ts';
import { constant, constantMembers, lines, nothing, type Typed, typedObject } from './typed.ts';

/** An operation with the names that it goes by. */
export interface NamedOperation extends FoundOperation {
  readonly name: string;
  /** Undefined where it is the name, or another operation has it. */
  readonly operationId: string | undefined;
}

export function printOperation(operation: NamedOperation, context: Context): Text {
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
  const security = securityOf(node, context.documents, context.problems);
  const members: EndpointMember[] = [
    { name: 'method', ...constant(method) },
    { name: 'path', ...constant(template.path) },
    ...printGroups(parameters, hint, context).map(([name, group]) => ({ name, ...group })),
    ...untyped('styles', styles),
    ...(body ? [{ name: 'body', ...body }] : []),
    { name: 'responses', ...responses },
    ...untyped('idempotency', idempotency),
    ...untyped('policy', policyOf(node, context.problems)),
    ...(paginate ? [{ name: 'paginate', ...constantMembers(paginate) }] : []),
    ...(security ? [{ name: 'security', code: literal(security), type: literalType(security) }] : []),
    ...untyped('operationId', operation.operationId),
    ...untyped('tags', operation.tags.length > 0 ? operation.tags : undefined),
    ...untyped('deprecated', operation.isDeprecated || undefined),
  ];
  const values = members.map(({ name, code }) => member(name, code));
  const types = members.flatMap(({ name, type }) => (type === undefined ? [] : [[`${name}: `, type]]));
  const statement = {
    name,
    docs: commentOf(operation),
    type: ['Endpoint<', lines(types, ';'), '>'],
    value: calling('endpoint', values),
  };
  return joinTexts([...context.schemas.take(), printStatement(statement, context.emit)], context.emit);
}

/** The type is there where callers see something of it, or `endpoint()` asks for it when one is made of another. */
interface EndpointMember {
  readonly name: string;
  readonly code: Layout;
  readonly type?: Layout;
}

const untyped = (name: string, value: unknown): EndpointMember[] =>
  value === undefined ? [] : [{ name, code: literal(value) }];

/** `… = call({…})`. */
export const calling =
  (call: string, members: readonly Layout[]): Statement['value'] =>
  head => {
    const start = `/* @__PURE__ */ ${call}(`;
    const value = [start, lines(members, ','), ')'];
    const length = (wholeText(head)?.length ?? 0) + 1 + start.length;
    return length < width ? [head, ' ', value] : [head, indent(hardLine, value)];
  };

const ownServers = ({ node, pathItem }: FoundOperation): Node | undefined =>
  node.get('servers') ?? pathItem.get('servers');

function commentOf(operation: FoundOperation): Layout {
  const { node, isDeprecated } = operation;
  const urls = serverUrls(ownServers(operation)).map(url => `\`${url}\``);
  const summary = node.text('summary')?.trim();
  const description = node.text('description')?.trim();
  return docComment(
    prose(summary),
    description === summary ? undefined : prose(description),
    urls.length > 0
      ? `Its server is ${urls.join(' or ')}: make an api of it with that as its \`baseUrl\`.`
      : undefined,
    isDeprecated ? '@deprecated' : undefined,
  );
}

function printBody({ node, method }: FoundOperation, hint: string, context: Context): Typed | undefined {
  const { shapes, problems } = context;
  const declared = node.get('requestBody');
  const body = shapes.resolve(declared);
  const content = body?.get('content');
  if (!declared || !content) return undefined;
  if (method === 'GET' || method === 'HEAD') {
    // Some documents declare an empty form for every operation: nothing is lost of it.
    const isEmpty = content.members().every(([, media]) => isEmptyObject(media.get('schema')));
    if (!isEmpty)
      problems.warn(`${method} is sent without a body.`, 'What is declared for it is left out.', declared);
    return undefined;
  }
  return printRequestBody(
    content,
    body?.flag('required') === true,
    { name: `${hint}Body`, sharedAs: undefined },
    context,
  );
}

const isEmptyObject = (schema: Node | undefined): boolean =>
  schema?.text('$ref') === undefined && schema?.get('properties')?.members().length === 0;

function anyResponse({ node }: FoundOperation, { problems }: Context): Typed {
  problems.warn('No response is declared.', 'Any is taken, its body left unread.', node);
  return typedObject([['default', nothing]]);
}

function noteWhatIsLeftOut(operation: FoundOperation, { problems, shapes }: Context): void {
  const servers = ownServers(operation);
  if (servers)
    problems.note(
      'It has servers of its own.',
      'Its endpoint says which: a client calls all endpoints of a contract at one base URL.',
      servers,
    );
  for (const [, response] of operation.node.get('responses')?.members() ?? []) {
    const links = shapes.resolve(response)?.get('links');
    if (links?.members().length) problems.note('Nothing follows links.', 'They are not written.', links);
  }
}
