/** Bodies, by their content types. */
import type { Node } from '../document/node.ts';
import { levelOf, type Side } from './change.ts';
import type { Context } from './recorder.ts';

/**
 * Compares what stands under `content`.
 *
 * @param what - the body in a sentence, such as "The body of a 200".
 */
export function compareContents(from: Node, to: Node, side: Side, what: string, context: Context): void {
  const [before, after] = [typesIn(from), typesIn(to)];
  for (const [type, media] of before) {
    const other = after.get(type);
    if (!other) {
      // Callers can no longer send it, or wait for it in vain.
      context.tell(
        'breaking',
        'content-type-removed',
        `${what} is no longer ${type}.`,
        media,
        to.get('content') ?? to,
        side,
      );
      continue;
    }
    for (const key of ['schema', 'itemSchema'])
      compareSchema(media.get(key), other.get(key), side, what, media, other, context);
  }
  for (const [type, media] of after)
    if (!before.has(type))
      context.tell(
        'compatible',
        'content-type-added',
        `${what} may be ${type} now.`,
        from.get('content') ?? from,
        media,
        side,
      );
}

function compareSchema(
  from: Node | undefined,
  to: Node | undefined,
  side: Side,
  what: string,
  before: Node,
  after: Node,
  context: Context,
): void {
  if (from && to) context.compare(from, to, side);
  else if (from)
    context.tell(levelOf('widened', side), 'type-widened', `${what} may be anything now.`, from, after, side);
  else if (to)
    context.tell(
      levelOf('narrowed', side),
      'type-narrowed',
      `${what} may not be anything now.`,
      before,
      to,
      side,
    );
}

/** Without parameters of the type, in lower case. */
function typesIn(owner: Node): Map<string, Node> {
  const members = owner.get('content')?.members() ?? [];
  return new Map(members.map(([type, media]) => [type.toLowerCase().replace(/\s*;.*$/s, ''), media]));
}
