/**
 * What a document gives as examples of its responses: at the media type, else at the schema, else put together of its
 * members' examples.
 */
import type { Node } from '../document/node.ts';
import { docComment, literal, literalType, propertyName } from '../print/code.ts';
import { printStatement, type Text } from '../print/statement.ts';
import { type ReceivedType, receivedTypes } from './contents.ts';
import type { Context } from './context.ts';
import type { NamedOperation } from './print-operation.ts';
import { type DeclaredResponse, responsesOf } from './responses.ts';
import { type TypedMember, typedLines } from './typed.ts';

/** An example in its wire form, and where it stands. */
interface Example {
  readonly name: string;
  readonly value: unknown;
  /** The part that is wrong if it is. */
  readonly node: Node;
}

/** The examples of a response. */
interface Answer {
  readonly key: string;
  readonly examples: readonly Example[];
}

/** `export const examples = {…}`: those of each operation, by the key of the response and a name. */
export function printExamples(
  operations: readonly NamedOperation[],
  context: Context,
  isTextOnWire: boolean,
): Text {
  const members = operations.flatMap(operation => {
    const answers = answersOf(operation, context);
    return answers.length === 0
      ? []
      : [{ name: operation.name, value: typedLines(answers.map(memberOfAnswer)) }];
  });
  const { code, type } = typedLines(members);
  const asked = `MockExamples<typeof contract${isTextOnWire ? '' : ', string | number'}>`;
  const says = 'What the document gives as examples, by operation, status and name: for `mockHandlers`.';
  return printStatement(
    {
      name: 'examples',
      docs: docComment(says),
      type,
      inferredBy: ` satisfies ${asked}`,
      value: head => [head, ' ', code],
    },
    context.emit,
  );
}

const memberOfAnswer = ({ key, examples }: Answer): TypedMember => ({
  name: /^\d\d\d$|^default$/.test(key) ? key : `'${key}'`,
  value: typedLines(
    examples.map(({ name, value }) => ({
      name: propertyName(name),
      value: { code: literal(value), type: literalType(value) },
    })),
  ),
});

function answersOf(operation: NamedOperation, context: Context): Answer[] {
  if (operation.method === 'HEAD') return [];
  return responsesOf(operation, context).flatMap(response => {
    const examples = examplesOf(response, context);
    return examples.length === 0 ? [] : [{ key: response.key, examples }];
  });
}

function examplesOf({ node }: DeclaredResponse, context: Context): Example[] {
  const [media] = receivedTypes(node.get('content'), context);
  if (!media) return [];
  const found = writtenExamples(media.node, context);
  const examples = found.length > 0 ? found : schemaExamples(media.node.get('schema'), context);
  if (examples.length > 0 && !['json', 'text'].includes(media.kind)) {
    context.problems.note(
      `Examples of ${media.type} are not carried.`,
      'They are left out.',
      examples[0]?.node,
    );
    return [];
  }
  return examples.flatMap(example => (isRight(example, media, context) ? [example] : []));
}

function isRight(example: Example, media: ReceivedType, context: Context): boolean {
  const schema = media.node.get('schema');
  const leftOut = (why: string): boolean => {
    context.problems.warn(`The example ${why}.`, 'It is left out.', example.node);
    return false;
  };
  if (media.kind === 'text' && typeof example.value !== 'string') return leftOut('is no text');
  const why = schema && context.schemas.mismatch(schema, 'received', example.value);
  return why === undefined || leftOut(`is not what the schema says: ${why}`);
}

/** Those that stand at a media type: `examples` by their names, or `example`. */
function writtenExamples(media: Node, { shapes, problems }: Context): Example[] {
  const named = media.get('examples')?.members() ?? [];
  const found = named.flatMap(([name, declared]): Example[] => {
    const example = shapes.resolve(declared);
    const value = example?.get('dataValue') ?? example?.get('value');
    if (value) return [{ name, value: value.value, node: value }];
    const elsewhere = example?.get('externalValue') ?? example?.get('serializedValue');
    if (elsewhere)
      problems.note(
        `The example is not in the document: ${JSON.stringify(elsewhere.value)}.`,
        'It is left out.',
        elsewhere,
      );
    return [];
  });
  if (found.length > 0) return found;
  const single = media.get('example');
  return single ? [{ name: 'example', value: single.value, node: single }] : [];
}

/** Those that a schema has, or one made of its members'. */
function schemaExamples(schema: Node | undefined, context: Context): Example[] {
  const node = context.shapes.resolve(schema);
  if (!node) return [];
  const own = ownExamples(node);
  if (own.length > 0) return own;
  const made = madeOf(node, context, new Set());
  return made === undefined ? [] : [{ name: 'example', value: made.value, node }];
}

function ownExamples(schema: Node): Example[] {
  const list = schema.get('examples')?.items() ?? [];
  if (list.length > 0)
    return list.map((node, index) => ({
      name: index === 0 ? 'example' : `example${index + 1}`,
      value: node.value,
      node,
    }));
  const single = schema.get('example');
  return single ? [{ name: 'example', value: single.value, node: single }] : [];
}

/** A value in an object, since null is one. */
interface Made {
  readonly value: unknown;
}

/** So many schemas within each other an example is made of. */
const maxLevels = 100;

/** Undefined where something has to be there that there is no example of. */
function madeOf(schema: Node | undefined, context: Context, seen: ReadonlySet<string>): Made | undefined {
  const node = context.shapes.resolve(schema);
  if (!node?.isObject || seen.has(node.id) || seen.size === maxLevels) return undefined;
  const [own] = ownExamples(node);
  if (own) return own;
  const constant = node.get('const');
  if (constant) return constant;
  const inside = new Set(seen).add(node.id);
  if (context.shapes.isArray(node)) {
    const item = madeOf(node.get('items'), context, inside);
    return item && { value: [item.value] };
  }
  const properties = context.shapes.propertiesOf(node);
  if (properties.size > 0) return madeOfMembers(node, properties, context, inside);
  // A schema around one other, as a reference with a description is written in OpenAPI 3.0.
  const [only, ...more] = node.get('allOf')?.items() ?? [];
  return more.length === 0 ? madeOf(only, context, inside) : undefined;
}

function madeOfMembers(
  node: Node,
  properties: ReadonlyMap<string, Node>,
  context: Context,
  seen: ReadonlySet<string>,
): Made | undefined {
  const required = context.shapes.requiredOf(node);
  const members: [string, unknown][] = [];
  for (const [name, property] of properties) {
    if (context.shapes.resolve(property)?.flag('writeOnly') === true) continue;
    const made = madeOf(property, context, seen);
    if (made) members.push([name, made.value]);
    else if (required.has(name)) return undefined;
  }
  return members.length === 0 ? undefined : { value: Object.fromEntries(members) };
}
