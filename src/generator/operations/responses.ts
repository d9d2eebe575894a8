/** What an operation answers with, by status. */
import { hasNoBody } from '../../contract/declared-response.ts';
import type { Node } from '../document/node.ts';
import { pascalCase } from '../names.ts';
import { prose } from '../print/code.ts';
import type { Member } from '../schemas.ts';
import { printResponseBody } from './contents.ts';
import type { Context } from './context.ts';
import type { FoundOperation } from './find-operations.ts';
import type { Hint } from './inline-schemas.ts';
import { textSchema } from './shapes.ts';
import { nothing, type Typed, typedObject } from './typed.ts';

/** A response under the key that endpoints have for it. */
export interface DeclaredResponse {
  /** A status, `4xx` and its like, or `default`. */
  readonly key: string;
  readonly node: Node;
}

const KEY = /^(?:[1-5]\d\d|[1-5]xx|default)$/;

export function responsesOf({ node }: FoundOperation, { shapes, problems }: Context): DeclaredResponse[] {
  const responses = new Map<string, Node>();
  for (const [written, declared] of node.get('responses')?.members() ?? []) {
    const key = written.toLowerCase();
    if (key.startsWith('x-')) continue;
    const response = shapes.resolve(declared);
    if (!KEY.test(key))
      problems.warn(`${JSON.stringify(written)} is no status.`, 'The response is left out.', declared);
    else if (response && !responses.has(key)) responses.set(key, response);
  }
  return [...responses].map(([key, response]) => ({ key, node: response }));
}

/** The key of the responses that mean success: without one, an operation could never be typed. */
export const successOf = (responses: readonly DeclaredResponse[]): DeclaredResponse | undefined =>
  responses.find(({ key }) => key.startsWith('2')) ?? responses.find(({ key }) => key === 'default');

/** The member `responses` of an endpoint. */
export function printResponses(
  responses: readonly DeclaredResponse[],
  operation: FoundOperation,
  hint: string,
  context: Context,
): Typed {
  const success = successOf(responses);
  const printed = responses.map(response => {
    const key = /^\d\d\d$|^default$/.test(response.key) ? response.key : `'${response.key}'`;
    const name = response === success ? `${hint}Response` : `${hint}${suffixOf(response.key)}`;
    return [key, printResponse(response, operation, hintFor(response.node, name), context)] as const;
  });
  if (!success) {
    context.problems.warn(
      'No response means success.',
      'Any success is taken, its body left unread.',
      operation.node,
    );
    printed.push(["'2xx'", nothing]);
  }
  return typedObject(printed);
}

const suffixOf = (key: string): string => (key === 'default' ? 'Default' : key);

/** A response that operations share is named after itself: in the components of the document, or in a file of its own. */
function hintFor({ path, file, id }: Node, own: string): Hint {
  const isComponent = path.length === 3 && path[0] === 'components' && path[1] === 'responses';
  const shared = isComponent ? String(path[2]) : path.length === 0 ? fileTitle(file.name) : undefined;
  if (shared === undefined) return { name: own, sharedAs: undefined };
  return { name: pascalCase(`${shared} response`.replace(/(response) response$/i, '$1')), sharedAs: id };
}

/** `shared/responses/not_found.yml` is `not_found`. */
const fileTitle = (name: string): string => (name.split('/').at(-1) ?? name).replace(/\.\w+$/, '');

function printResponse(
  { key, node }: DeclaredResponse,
  { method }: FoundOperation,
  hint: Hint,
  context: Context,
): Typed {
  const hasBody = method !== 'HEAD' && !hasNoBody(Number(key));
  const content = node.get('content');
  if (!hasBody && content && content.members().length > 0 && method !== 'HEAD')
    context.problems.warn(`A ${key} has no body.`, 'What is declared for it is left out.', content);
  const body = (hasBody && printResponseBody(content, hint, context)) || nothing;
  const headers = headersOf(node, context);
  if (headers.length === 0) return body;
  const schema = context.schemas.printObject(headers, 'received', {
    ...hint,
    name: `${hint.name}Headers`,
  });
  return typedObject([
    ['body', body],
    ['headers', schema],
  ]);
}

/**
 * Headers by their names in lower case, which is how they arrive. They are texts: a number or a list in one is described
 * by the document and not made of it.
 */
function headersOf(response: Node, { shapes }: Context): Member[] {
  const members = new Map<string, Member>();
  for (const [written, declared] of response.get('headers')?.members() ?? []) {
    const name = written.toLowerCase();
    const header = shapes.resolve(declared);
    // OpenAPI 3.1 §4.8.17: the content type is said elsewhere.
    if (!header || name === 'content-type' || members.has(name)) continue;
    const schema = header.get('schema');
    const isText = shapes.typesOf(schema).join() === 'string';
    members.set(name, {
      name,
      schema: schema && isText ? schema : textSchema(header),
      isRequired: header.flag('required') === true,
      docs: prose(header.text('description'))?.trim() || undefined,
    });
  }
  return [...members.values()];
}
