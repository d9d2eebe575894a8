/**
 * Requests that come to a server, as objects of the schemas that read them. Nothing here is an endpoint: a server has
 * its own framework, and takes from this what it parses with.
 */
import { pascalCase } from '../names.ts';
import { docComment, propertyName, prose } from '../print/code.ts';
import type { Layout } from '../print/layout.ts';
import { joinTexts, printStatement, type Text } from '../print/statement.ts';
import type { Member } from '../schemas.ts';
import { type ReceivedType, receivedTypes } from './contents.ts';
import type { Context } from './context.ts';
import type { Incoming } from './find-incoming.ts';
import { declaredParameters } from './parameters.ts';
import { textSchema } from './shapes.ts';
import { anything, constant, type Typed, type TypedMember, typedLines } from './typed.ts';

/** The callbacks of one operation. */
export interface CallbacksOf {
  readonly operation: string;
  readonly callbacks: readonly Incoming[];
}

/** `export const webhooks: {…} = {…};`. */
export function printWebhooks(webhooks: readonly Incoming[], context: Context): Text {
  const members = webhooks.map(webhook => memberOf(webhook, pascalCase(webhook.name), context));
  const says = 'What the service sends by itself, by name: schemas for the server that receives it.';
  return declared('webhooks', says, members, context);
}

/** `export const callbacks: {…} = {…};`, by operation. */
export function printCallbacks(all: readonly CallbacksOf[], context: Context): Text {
  const members = all.map(({ operation, callbacks }) => ({
    name: operation,
    value: typedLines(callbacks.map(it => memberOf(it, pascalCase(`${operation} ${it.name}`), context))),
  }));
  const says = 'What the service sends in return for an operation, by operation and name.';
  return declared('callbacks', says, members, context);
}

function declared(
  name: string,
  says: string,
  members: readonly TypedMember[],
  { schemas, emit }: Context,
): Text {
  const { code, type } = typedLines(members);
  const statement = {
    name,
    docs: docComment(says),
    type,
    value: (head: Layout): Layout => [head, ' ', code],
  };
  return joinTexts([...schemas.take(), printStatement(statement, emit)], emit);
}

const memberOf = (incoming: Incoming, hint: string, context: Context): TypedMember => ({
  name: propertyName(incoming.name),
  docs: commentOf(incoming),
  value: printIncoming(incoming, hint, context),
});

function commentOf({ node, target, isDeprecated }: Incoming): Layout {
  const summary = node.text('summary')?.trim();
  const description = node.text('description')?.trim();
  return docComment(
    prose(summary),
    description === summary ? undefined : prose(description),
    target === undefined ? undefined : `Sent to \`${target.replaceAll('`', '')}\`.`,
    isDeprecated ? '@deprecated' : undefined,
  );
}

function printIncoming(incoming: Incoming, hint: string, context: Context): Typed {
  const { schemas } = context;
  const media = mediaOf(incoming, context);
  const body = media && printBody(media, hint, context);
  const groups = (['query', 'header'] as const).flatMap(place => {
    const members = membersIn(place, incoming, context);
    const name = place === 'query' ? 'query' : 'headers';
    const named = { name: `${hint}${pascalCase(name)}`, sharedAs: undefined };
    return members.length === 0 ? [] : [{ name, value: schemas.printObject(members, 'received', named) }];
  });
  return typedLines([
    { name: 'method', value: constant(incoming.method) },
    ...groups,
    ...(media ? [{ name: 'contentType', value: constant(media.type) }] : []),
    ...(body ? [{ name: 'body', value: body }] : []),
  ]);
}

/** JSON, if the body may come as such. */
function mediaOf({ node, method }: Incoming, context: Context): ReceivedType | undefined {
  const content = context.shapes.resolve(node.get('requestBody'))?.get('content');
  if (!content || method === 'GET' || method === 'HEAD') return undefined;
  const types = receivedTypes(content, context);
  const chosen = types.find(({ kind }) => kind === 'json') ?? types[0];
  const others = types.filter(media => media !== chosen);
  if (others.length > 0)
    context.problems.warn(
      `The body may also come as ${others.map(({ type }) => type).join(', ')}.`,
      `It is read as ${chosen?.type}.`,
      content,
    );
  return chosen;
}

/** What a server has parsed or read as a text; bytes and streams are its own to look at. */
function printBody({ node, kind, type }: ReceivedType, hint: string, context: Context): Typed | undefined {
  const schema = node.get('schema');
  if (['json', 'form', 'multipart', 'text'].includes(kind))
    return schema
      ? context.schemas.print(schema, 'received', { name: `${hint}Body`, sharedAs: undefined })
      : anything;
  context.problems.note(`What comes as ${type} is not looked into.`, 'It has no schema.', node);
  return undefined;
}

/** By names as they arrive: headers in lower case. What stands there are texts, whatever they mean. */
function membersIn(place: 'query' | 'header', incoming: Incoming, context: Context): Member[] {
  const { shapes } = context;
  const members = new Map<string, Member>();
  for (const node of declaredParameters(incoming, context)) {
    const written = node.text('name') ?? '';
    const name = place === 'header' ? written.toLowerCase() : written;
    if (node.text('in') !== place || members.has(name)) continue;
    const schema = node.get('schema');
    members.set(name, {
      name,
      schema: schema && shapes.typesOf(schema).join() === 'string' ? schema : textSchema(node),
      isRequired: node.flag('required') === true,
      docs: prose(node.text('description'))?.trim() || undefined,
    });
  }
  return [...members.values()];
}
