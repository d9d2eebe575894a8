import { type MemberNode, parse, type ValueNode } from '@humanwhocodes/momoa';
import { type Tree, TreeBuilder, Unreadable } from './tree.ts';

/** What the parser throws for a syntax error. */
interface SyntaxProblem extends Error {
  readonly line: number;
  readonly column: number;
}

/** Reads JSON, strictly (RFC 8259): no comments, no trailing commas. */
export function readJson(text: string): Tree {
  return treeOf(parsed(text), text, new TreeBuilder());
}

function parsed(text: string): ValueNode {
  try {
    return parse(text, { mode: 'json' }).body;
  } catch (error) {
    if (error instanceof RangeError) throw new Unreadable(undefined, 'This is nested too deep.');
    if (!isSyntaxProblem(error)) throw error;
    const what = error.message.replace(/ \(\d+:\d+\)$/, '');
    throw new Unreadable({ line: error.line, column: error.column }, `This is not JSON: ${what}`);
  }
}

const isSyntaxProblem = (error: unknown): error is SyntaxProblem =>
  error instanceof Error && 'line' in error && 'column' in error;

function treeOf(node: ValueNode, text: string, build: TreeBuilder): Tree {
  const at = node.loc.start;
  switch (node.type) {
    case 'Object':
      return build.object(at, add => {
        for (const member of node.members)
          add(keyOf(member, text), member.name.loc.start, () => treeOf(member.value, text, build));
      });
    case 'Array':
      return build.list(at, () => node.elements.map(({ value }) => treeOf(value, text, build)));
    case 'Null':
      return build.scalar(at, null);
    case 'String':
      refuseControls(node, text);
      return build.scalar(at, node.value);
    case 'Number':
    case 'Boolean':
      return build.scalar(at, node.value);
    default:
      throw new Unreadable(at, `This is not JSON: unexpected ${node.type}.`);
  }
}

function keyOf({ name }: MemberNode, text: string): string {
  if (name.type !== 'String')
    throw new Unreadable(name.loc.start, 'This is not JSON: a name is not in quotes.');
  refuseControls(name, text);
  return name.value;
}

/** The parser lets these through. https://www.rfc-editor.org/rfc/rfc8259#section-7 */
function refuseControls({ loc }: Pick<ValueNode, 'loc'>, text: string): void {
  if (!/[\x00-\x1f]/.test(text.slice(loc.start.offset, loc.end.offset))) return;
  throw new Unreadable(loc.start, 'This is not JSON: a line break or control character stands in a text.');
}
