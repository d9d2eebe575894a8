/** Which operations are wanted. */
import type { Problems } from '../document/problems.ts';
import type { FoundOperation } from './find-operations.ts';

/** What operations are chosen by, such as `tag:users`. */
interface Selector {
  readonly text: string;
  readonly accepts: (operation: FoundOperation) => boolean;
}

const kinds = {
  tag: ({ tags }: FoundOperation) => tags,
  path: ({ writtenPath }: FoundOperation) => [writtenPath],
  method: ({ method }: FoundOperation) => [method],
  id: ({ node }: FoundOperation) => [node.text('operationId') ?? ''],
};

/**
 * @param text - `tag:`, `path:`, `method:` or `id:` and a pattern in which `*` is anything; or `deprecated`.
 * @param name - the option that it is given in.
 * @throws TypeError for anything else.
 */
export function selectorOf(text: string, name = 'include'): Selector {
  if (text === 'deprecated') return { text, accepts: ({ isDeprecated }) => isDeprecated };
  const [, kind, pattern] = /^(tag|path|method|id):(.+)$/s.exec(text) ?? [];
  if (!kind || !pattern)
    throw new TypeError(
      `\`${name}\` should be tag:…, path:…, method:… or id:… (with * for anything) or deprecated, ` +
        `got ${JSON.stringify(text)}.`,
    );
  const valuesOf = kinds[kind as keyof typeof kinds];
  const expression = patternOf(pattern, kind === 'method');
  return { text, accepts: operation => valuesOf(operation).some(value => expression.test(value)) };
}

const patternOf = (pattern: string, isCaseless: boolean): RegExp =>
  new RegExp(
    `^${pattern
      .split(/\*+/)
      .map(part => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
      .join('.*')}$`,
    isCaseless ? 'is' : 's',
  );

/** Operations that some `include` takes, if there is any, and no `exclude`. */
export function selected<Operation extends FoundOperation>(
  operations: readonly Operation[],
  include: readonly string[],
  exclude: readonly string[],
  problems: Problems,
): Operation[] {
  const [wanted, unwanted] = [
    include.map(text => selectorOf(text)),
    exclude.map(text => selectorOf(text, 'exclude')),
  ];
  for (const { text, accepts } of [...wanted, ...unwanted])
    if (!operations.some(accepts))
      problems.warn(`No operation is ${JSON.stringify(text)}.`, 'It chooses nothing.');
  return operations.filter(
    operation =>
      (wanted.length === 0 || wanted.some(({ accepts }) => accepts(operation))) &&
      !unwanted.some(({ accepts }) => accepts(operation)),
  );
}
