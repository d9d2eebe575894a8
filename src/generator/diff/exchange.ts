/** What is sent to an operation, and what it answers. */
import type { Node } from '../document/node.ts';
import { compareContents } from './contents.ts';
import type { Versioned } from './parameters.ts';
import type { Context } from './recorder.ts';

export function compareBodies(from: Versioned, to: Versioned, context: Context): void {
  const [before, after] = [from, to].map(({ documents, operation }) => {
    const body = operation.node.get('requestBody');
    return body && documents.follow(body)?.node;
  });
  const isRequired = after?.flag('required') === true;
  const wasRequired = before?.flag('required') === true;
  if (before && !after)
    context.tell(
      'breaking',
      'body-removed',
      'There is no body any more.',
      before,
      to.operation.node,
      'request',
    );
  if (!before && after)
    context.tell(
      isRequired ? 'breaking' : 'compatible',
      'body-added',
      `There is a body now${isRequired ? ', and it is required' : ''}.`,
      from.operation.node,
      after,
      'request',
    );
  if (!before || !after) return;
  if (!wasRequired && isRequired)
    context.tell('breaking', 'body-required', 'The body is required now.', before, after, 'request');
  if (wasRequired && !isRequired)
    context.tell('compatible', 'body-optional', 'The body may be left out now.', before, after, 'request');
  compareContents(before, after, 'request', 'The body', context);
}

export function compareResponses(from: Versioned, to: Versioned, context: Context): void {
  const [before, after] = [responsesOf(from), responsesOf(to)];
  for (const [status, response] of before) {
    const other = after.get(status);
    if (other) compareResponse(status, response, other, from, to, context);
    else
      context.tell(
        'breaking',
        'response-removed',
        `${answer(status)} is not declared any more.`,
        response,
        to.operation.node,
        'response',
      );
  }
  for (const [status, response] of after) {
    if (before.has(status)) continue;
    // An error that nobody knows is an error; a success that nobody knows is one too.
    const isNewSuccess = /^2/.test(status) && !before.has('2xx') && !before.has('default');
    const level = isNewSuccess && before.size > 0 ? 'breaking' : 'compatible';
    context.tell(
      level,
      'response-added',
      `${answer(status)} is declared now.`,
      from.operation.node,
      response,
      'response',
    );
  }
}

const answer = (status: string): string =>
  status === 'default' ? 'Any other answer' : `The answer ${status}`;

function compareResponse(
  status: string,
  before: Node,
  after: Node,
  from: Versioned,
  to: Versioned,
  context: Context,
): void {
  const what = status === 'default' ? 'The body of any other answer' : `The body of ${status}`;
  const [hadBody, hasBody] = [before, after].map(it => (it.get('content')?.members() ?? []).length > 0);
  if (hadBody && !hasBody)
    context.tell('breaking', 'content-removed', `${what} is gone.`, before, after, 'response');
  else if (!hadBody && hasBody)
    context.tell('compatible', 'content-added', `${what} is new.`, before, after, 'response');
  else compareContents(before, after, 'response', what, context);
  compareHeaders(status, headersOf(before, from), headersOf(after, to), [before, after], context);
}

function compareHeaders(
  status: string,
  before: ReadonlyMap<string, Node>,
  after: ReadonlyMap<string, Node>,
  [from, to]: readonly [Node, Node],
  context: Context,
): void {
  for (const [name, header] of before) {
    const other = after.get(name);
    const what = `The header \`${name}\` of ${status === 'default' ? 'any other answer' : status}`;
    if (!other) {
      context.tell('breaking', 'header-removed', `${what} is gone.`, header, to, 'response');
      continue;
    }
    const [was, is] = [header, other].map(it => it.flag('required') === true);
    if (was && !is)
      context.tell('breaking', 'header-optional', `${what} may be missing now.`, header, other, 'response');
    if (!was && is)
      context.tell(
        'compatible',
        'header-required',
        `${what} is always there now.`,
        header,
        other,
        'response',
      );
    const [source, target] = [header.get('schema'), other.get('schema')];
    if (source && target) context.compare(source, target, 'response');
  }
  for (const [name, header] of after)
    if (!before.has(name))
      context.tell(
        'compatible',
        'header-added',
        `The header \`${name}\` of ${status} is new.`,
        from,
        header,
        'response',
      );
}

function responsesOf({ documents, operation }: Versioned): Map<string, Node> {
  const responses = operation.node.get('responses')?.members() ?? [];
  return new Map(
    responses.flatMap(([status, declared]) => {
      const response = status.startsWith('x-') ? undefined : documents.follow(declared)?.node;
      return response ? [[status.toLowerCase(), response]] : [];
    }),
  );
}

function headersOf(response: Node, { documents }: Versioned): Map<string, Node> {
  const headers = response.get('headers')?.members() ?? [];
  return new Map(
    headers.flatMap(([name, declared]) => {
      const header = documents.follow(declared)?.node;
      return header && name.toLowerCase() !== 'content-type' ? [[name.toLowerCase(), header]] : [];
    }),
  );
}
