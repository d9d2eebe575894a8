/** Bodies: which content a media type is, and its code. */
import { isJson } from '../../contract/content.ts';
import type { Node } from '../document/node.ts';
import { literal, quoted } from '../print/code.ts';
import { braces, group, indent, join, type Layout, line, list, softLine } from '../print/layout.ts';
import type { Direction } from '../schemas.ts';
import type { Context } from './context.ts';
import { formStyles } from './form-styles.ts';
import type { Hint } from './inline-schemas.ts';
import { anything, type Typed, type TypedSchema, typedList } from './typed.ts';

/** One media type of a body, as the document has it. */
export interface MediaType {
  /** Without parameters, in lower case. */
  readonly type: string;
  readonly node: Node;
}

type Kind = 'json' | 'form' | 'multipart' | 'events' | 'lines' | 'text' | 'stream' | 'binary';

const byType: ReadonlyMap<string, Kind> = new Map<string, Kind>(
  Object.entries({
    'application/x-www-form-urlencoded': 'form',
    'multipart/form-data': 'multipart',
    'text/event-stream': 'events',
    'application/x-ndjson': 'lines',
    'application/ndjson': 'lines',
    'application/jsonl': 'lines',
    'application/x-jsonlines': 'lines',
    'application/json-seq': 'stream',
    'application/xml': 'text',
    'application/yaml': 'text',
    'application/x-yaml': 'text',
    'application/javascript': 'text',
    'application/graphql': 'text',
    'text/json': 'json',
  } satisfies Record<string, Kind>),
);

/** The grammar of a media type, which no document is held to. */
const MEDIA_TYPE = /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+$/;

/** The media types of `content`, each once, whatever its parameters. */
export function mediaTypesOf(content: Node | undefined, { problems, shapes }: Context): MediaType[] {
  const types = new Map<string, Node>();
  for (const [written, node] of content?.members() ?? []) {
    const type = (written.split(';', 1)[0] as string).trim().toLowerCase();
    const media = shapes.resolve(node);
    if (!MEDIA_TYPE.test(type))
      problems.warn(`${JSON.stringify(written)} is no media type.`, 'It is left out.', node);
    else if (media && !types.has(type)) types.set(type, media);
  }
  return [...types].map(([type, node]) => ({ type, node }));
}

/** A media type of a response that a client asks for. */
export interface ReceivedType extends MediaType {
  readonly kind: Kind;
}

/** What a client asks for, in its order. */
export const receivedTypes = (content: Node | undefined, context: Context): ReceivedType[] =>
  withoutOtherSpellings(mediaTypesOf(content, context), context).map(media => ({
    ...media,
    kind: kindOf(media, context),
  }));

function kindOf({ type, node }: MediaType, { shapes }: Context): Kind {
  const schema = node.get('schema');
  const known = byType.get(type);
  if (known) return known;
  if (schema && shapes.isBinary(schema)) return 'binary';
  if (isJson(type)) return 'json';
  if (type.startsWith('multipart/')) return 'stream';
  if (type.startsWith('text/') || type.endsWith('+xml') || type.endsWith('+yaml')) return 'text';
  // Some frameworks write `*/*` where they mean the JSON that they answer with.
  if (type.startsWith('*/') || type.startsWith('application/*'))
    return schema ? (shapes.isText(schema) ? 'text' : 'json') : 'binary';
  return 'binary';
}

const preference: readonly Kind[] = [
  'json',
  'form',
  'multipart',
  'text',
  'binary',
  'stream',
  'lines',
  'events',
];

/** The body of a request: one content, JSON if it may be. */
export function printRequestBody(
  content: Node | undefined,
  isRequired: boolean,
  hint: Hint,
  context: Context,
): Typed | undefined {
  const types = mediaTypesOf(content, context).filter(media => isSendable(media, context));
  // A patch of operations is the last of the JSONs: what is written down of it is seldom more than that it is a list.
  const rank = (media: MediaType) =>
    preference.indexOf(kindOf(media, context)) +
    (media.type === 'application/json' ? -1 : media.type === 'application/json-patch+json' ? 0.5 : 0);
  const [chosen, ...others] = [...types].sort((one, other) => rank(one) - rank(other));
  if (!chosen) return undefined;
  if (others.length > 0)
    context.problems.warn(
      `The body may also be sent as ${others.map(({ type }) => type).join(', ')}.`,
      `It is sent as ${chosen.type}.`,
      content,
    );
  return printContent(pinned(chosen, context), 'sent', hint, context, isRequired ? undefined : content);
}

/** What is sent has one type; of a range, the usual one of its kind. */
function pinned(media: MediaType, context: Context): MediaType {
  if (!media.type.endsWith('/*')) return media;
  const type = usualTypes[kindOf(media, context)] ?? 'application/octet-stream';
  context.problems.note(`The body may be sent as ${media.type}.`, `It is sent as ${type}.`, media.node);
  return { ...media, type };
}

const usualTypes: Partial<Record<Kind, string>> = { json: 'application/json', text: 'text/plain' };

function isSendable(media: MediaType, { problems }: Context): boolean {
  if (byType.get(media.type) !== 'events') return true;
  problems.warn('Events can only be received.', 'The body cannot be sent so.', media.node);
  return false;
}

/** The contents of a response. Where JSON is among several spellings of one thing, JSON alone. */
export function printResponseBody(
  content: Node | undefined,
  hint: Hint,
  context: Context,
): Typed | undefined {
  const types = receivedTypes(content, context);
  const printed = types.map((media, index) =>
    printContent(media, 'received', index === 0 ? hint : longer(hint, String(index + 1)), context),
  );
  return printed.length > 1 ? typedList(printed) : printed[0];
}

function withoutOtherSpellings(types: readonly MediaType[], context: Context): readonly MediaType[] {
  const json = types.find(media => kindOf(media, context) === 'json');
  if (!json) return types;
  const schema = schemaText(json);
  const isSpelling = (media: MediaType) =>
    media !== json &&
    !['events', 'lines'].includes(kindOf(media, context)) &&
    (media.node.get('schema') === undefined || schemaText(media) === schema);
  const others = types.filter(isSpelling);
  if (others.length > 0)
    context.problems.note(
      `The same also comes as ${others.map(({ type }) => type).join(', ')}.`,
      `It is asked for as ${json.type}.`,
      json.node,
    );
  return types.filter(media => !others.includes(media));
}

/** Two schemas are one if they refer to one, or are spelt alike. */
const schemaText = ({ node }: MediaType): string => JSON.stringify(node.get('schema')?.value) ?? '';

/** @param optional - the part of the document by which the body may be left out. */
function printContent(
  media: MediaType,
  direction: Direction,
  hint: Hint,
  context: Context,
  optional?: Node,
): Typed {
  const { schemas, shapes } = context;
  const { node, type } = media;
  const schema = node.get('schema') ?? node.get('itemSchema');
  const orNothing = (printed: TypedSchema) => (optional ? schemas.orNothing(printed, hint) : printed);
  const printed = () => orNothing(schema ? schemas.print(schema, direction, hint) : anything);
  const kind = kindOf(media, context);
  // Lines are sent as one text, which can be sent again.
  switch (kind === 'lines' && direction === 'sent' ? 'text' : kind) {
    case 'json':
      return type === 'application/json' ? printed() : contentOf('json', printed(), typeOption(type));
    case 'form': {
      const styles = direction === 'sent' ? formStyles(node, context) : undefined;
      return contentOf('form', printed(), styles && ['styles: ', literal(styles)]);
    }
    case 'multipart':
      if (direction === 'sent') noteEncodings(media, context);
      return contentOf('multipart', printed());
    case 'events':
      return printEvents(media, hint, context);
    case 'lines':
      return printLines(media, hint, context);
    case 'text': {
      const isChecked = schema !== undefined && shapes.isText(schema) && !shapes.isAnyText(schema);
      const unchecked = optional && schemas.orNothing(anyText, hint);
      noteOfStructure(media, 'a text', context);
      return contentOf('text', isChecked ? printed() : unchecked, typeOption(type, 'text/plain'));
    }
    case 'stream':
      if (optional) noteAskedFor(optional, context);
      noteOfStructure(media, 'a stream of bytes', context);
      return contentOf('stream', undefined, typeOption(type, 'application/octet-stream'));
    case 'binary':
      if (optional) noteAskedFor(optional, context);
      noteOfStructure(media, 'bytes', context);
      return contentOf('binary', undefined, typeOption(type, 'application/octet-stream'));
  }
}

/** Bytes have no schema that could say it. */
const noteAskedFor = (node: Node, { problems }: Context): void =>
  problems.note('The body may be left out.', 'It is asked for: an empty one is one of no bytes.', node);

const anyText: TypedSchema = { code: 'z.string()', type: 'z.ZodString', output: 'string' };

/** What makes a content, and what the content calls itself. */
const kinds = {
  json: 'json',
  form: 'form',
  multipart: 'multipart',
  text: 'text',
  binary: 'binary',
  stream: 'stream',
  jsonLines: 'json-lines',
  eventStream: 'event-stream',
} as const;

/** `json(User, { type: 'application/vnd.example+json' })`. */
function contentOf(maker: keyof typeof kinds, schema: Typed | undefined, option?: Layout): Typed {
  // Bundlers drop an unused endpoint only with all calls inside it marked as well.
  const call = `/* @__PURE__ */ ${maker}(`;
  const of = [quoted(kinds[maker]), schema?.type ?? 'undefined'];
  return {
    code: calling(call, schema?.code, option && braces([option])),
    type: typeArguments('ContentOf', of),
  };
}

/** `Name<a, b>`: without a comma behind the last, which compilers do not take there. */
const typeArguments = (name: string, types: readonly Layout[]): Layout =>
  group(`${name}<`, indent(softLine, ...join([',', line], types)), softLine, '>');

function calling(call: string, schema: Layout | undefined, options: Layout | undefined): Layout {
  if (!options) return list(call, schema === undefined ? [] : [schema], ')');
  return schema === undefined ? [call, options, ')'] : [call, schema, ', ', options, ')'];
}

/** The type, where it is not the usual one. */
const typeOption = (type: string, usual?: string): Layout | undefined =>
  type === usual ? undefined : `type: ${quoted(type)}`;

const longer = ({ name, sharedAs }: Hint, end: string): Hint => ({ name: `${name}${end}`, sharedAs });

/** What is said of something that is given, or taken, as it is. */
function noteOfStructure({ node, type }: MediaType, what: string, { shapes, problems }: Context): void {
  const schema = node.get('schema') ?? node.get('itemSchema');
  if (!schema || shapes.isText(schema) || shapes.isBinary(schema)) return;
  if (shapes.typesOf(schema).length === 0 && shapes.isAnyText(schema)) return;
  problems.note(`What is in ${type} is not looked into.`, `It is ${what}.`, schema);
}

/** A part says what it is by its blob; headers of its own it has none. */
function noteEncodings({ node, type }: MediaType, { problems }: Context): void {
  for (const keyword of ['encoding', 'prefixEncoding', 'itemEncoding']) {
    const encoding = node.get(keyword);
    if (encoding && (encoding.members().length > 0 || encoding.items().length > 0))
      problems.note(
        `The ${keyword} of ${type} is not followed.`,
        'Parts have no headers of their own, and the type of their blobs.',
        encoding,
      );
  }
}

/** Events carry JSON of the schema, or plain text. OpenAPI 3.2 describes the event around it. */
function printEvents({ node }: MediaType, hint: Hint, { schemas, shapes }: Context): Typed {
  const item = node.get('itemSchema');
  const data = item && shapes.propertiesOf(item).get('data');
  const inData = shapes.resolve(data)?.get('contentSchema');
  const schema = inData ?? data ?? item ?? node.get('schema');
  const isPlain = schema === undefined || (inData === undefined && shapes.isText(schema));
  if (isPlain) return contentOf('eventStream', undefined);
  return contentOf('eventStream', schemas.print(schema, 'received', longer(hint, 'Event')));
}

function printLines({ node, type }: MediaType, hint: Hint, { schemas, shapes }: Context): Typed {
  const whole = shapes.resolve(node.get('schema'));
  const schema = node.get('itemSchema') ?? (shapes.isArray(whole) ? whole?.get('items') : whole);
  const line = schema ? schemas.print(schema, 'received', longer(hint, 'Line')) : anything;
  return contentOf('jsonLines', line, typeOption(type, 'application/x-ndjson'));
}
