/**
 * Requests that come to a server, as objects of the schemas that read them. Nothing here is an endpoint: a server has
 * its own framework, and takes from this what it parses with.
 */
import { pascalCase } from '../names.ts';
import { docComment, member, propertyName, prose, quoted } from '../print/code.ts';
import { broken, hardLine, indent, join, type Layout, line } from '../print/layout.ts';
import type { Member } from '../schemas.ts';
import { type ReceivedType, receivedTypes } from './contents.ts';
import type { Context } from './context.ts';
import type { Incoming } from './find-incoming.ts';
import { declaredParameters } from './parameters.ts';
import { textSchema } from './shapes.ts';

/** The callbacks of one operation. */
export interface CallbacksOf {
  readonly operation: string;
  readonly callbacks: readonly Incoming[];
}

/** `export const webhooks = {…}`. */
export function printWebhooks(webhooks: readonly Incoming[], context: Context): Layout {
  const members = webhooks.map(webhook => [
    commentOf(webhook),
    member(propertyName(webhook.name), printIncoming(webhook, pascalCase(webhook.name), context)),
  ]);
  return declared(
    'webhooks',
    'What the service sends by itself, by name: schemas for the server that receives it.',
    members,
    context,
  );
}

/** `export const callbacks = {…}`, by operation. */
export function printCallbacks(all: readonly CallbacksOf[], context: Context): Layout {
  const members = all.map(({ operation, callbacks }) => {
    const inside = callbacks.map(callback => [
      commentOf(callback),
      member(
        propertyName(callback.name),
        printIncoming(callback, pascalCase(`${operation} ${callback.name}`), context),
      ),
    ]);
    return member(operation, object(inside));
  });
  return declared(
    'callbacks',
    'What the service sends in return for an operation, by operation and name.',
    members,
    context,
  );
}

function declared(name: string, says: string, members: readonly Layout[], { schemas }: Context): Layout {
  const above = schemas.take().map(declaration => [declaration, hardLine, hardLine]);
  return [...above, docComment(says), `export const ${name} = `, object(members), ' as const;'];
}

const object = (members: readonly Layout[]): Layout =>
  members.length === 0 ? '{}' : broken('{', indent(line, ...join([',', line], members)), ',', line, '}');

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

function printIncoming(incoming: Incoming, hint: string, context: Context): Layout {
  const { schemas } = context;
  const media = mediaOf(incoming, context);
  const schema = media && printBody(media, hint, context);
  const groups = (['query', 'header'] as const).flatMap(place => {
    const members = membersIn(place, incoming, context);
    const name = place === 'query' ? 'query' : 'headers';
    const named = { name: `${hint}${pascalCase(name)}`, sharedAs: undefined };
    return members.length === 0 ? [] : [member(name, schemas.printObject(members, 'received', named))];
  });
  return object([
    member('method', quoted(incoming.method)),
    ...groups,
    ...(media ? [member('contentType', quoted(media.type))] : []),
    ...(schema === undefined ? [] : [member('body', schema)]),
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
function printBody({ node, kind, type }: ReceivedType, hint: string, context: Context): Layout | undefined {
  const schema = node.get('schema');
  if (['json', 'form', 'multipart', 'text'].includes(kind))
    return schema
      ? context.schemas.print(schema, 'received', { name: `${hint}Body`, sharedAs: undefined })
      : '/* @__PURE__ */ z.unknown()';
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
