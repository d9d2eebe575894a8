/** What callers give beside a body. */
import { type ParameterPlace, resolveStyle, type StyleName } from '../../contract/parameter-style.ts';
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import type { FoundOperation } from '../operations/find-operations.ts';
import { levelOf } from './change.ts';
import type { Context } from './recorder.ts';

interface Parameter {
  readonly name: string;
  /** `path`, `query`, `header` or `cookie`. */
  readonly where: string;
  readonly node: Node;
  readonly isRequired: boolean;
  readonly schema: Node | undefined;
  readonly style: string;
}

export interface Versioned {
  readonly documents: Documents;
  readonly operation: FoundOperation;
}

export function compareParameters(from: Versioned, to: Versioned, context: Context): void {
  const [before, after] = [parametersOf(from), parametersOf(to)];
  for (const [key, parameter] of before) {
    const other = after.get(key);
    if (other) compareParameter(parameter, other, context);
    else
      context.tell(
        'breaking',
        'parameter-removed',
        `${named(parameter)} is gone.`,
        parameter.node,
        to.operation.node,
        'request',
      );
  }
  for (const [key, parameter] of after) {
    if (before.has(key)) continue;
    const level = levelOf(parameter.isRequired ? 'narrowed' : 'widened', 'request');
    const message = `${named(parameter)} is new${parameter.isRequired ? ', and required' : ''}.`;
    context.tell(level, 'parameter-added', message, from.operation.node, parameter.node, 'request');
  }
}

const named = ({ where, name }: Parameter): string =>
  `The ${where === 'header' ? 'header' : `${where} parameter`} \`${name}\``;

function compareParameter(from: Parameter, to: Parameter, context: Context): void {
  const tell = (level: 'breaking' | 'compatible', code: string, message: string) =>
    context.tell(level, code, message, from.node, to.node, 'request');
  if (from.name !== to.name && from.where !== 'header')
    tell('breaking', 'parameter-renamed', `${named(from)} is called \`${to.name}\` now.`);
  if (!from.isRequired && to.isRequired)
    tell('breaking', 'parameter-required', `${named(to)} is required now.`);
  if (from.isRequired && !to.isRequired)
    tell('compatible', 'parameter-optional', `${named(to)} may be left out now.`);
  if (from.style !== to.style)
    tell(
      'breaking',
      'parameter-style-changed',
      `${named(to)} was written as ${from.style}, and is as ${to.style}.`,
    );
  if (from.schema && to.schema) context.compare(from.schema, to.schema, 'request');
}

/** Headers that a client writes itself, whatever is declared. */
const saidElsewhere = new Set(['accept', 'content-type', 'authorization']);

/** By place and name; those of a path by where in the path they stand, as their names are the client's business. */
function parametersOf({ documents, operation }: Versioned): Map<string, Parameter> {
  const { node, pathItem, template } = operation;
  const parameters = new Map<string, Parameter>();
  for (const owner of [pathItem, node])
    for (const declared of owner.get('parameters')?.items() ?? []) {
      const parameter = readParameter(documents.follow(declared)?.node);
      if (!parameter || (parameter.where === 'header' && saidElsewhere.has(parameter.name.toLowerCase())))
        continue;
      const index = template.names.findIndex(it => it.declared === parameter.name);
      if (parameter.where === 'path' && index === -1) continue;
      const name =
        parameter.where === 'path'
          ? index
          : parameter.where === 'header'
            ? parameter.name.toLowerCase()
            : parameter.name;
      parameters.set(`${parameter.where} ${name}`, parameter);
    }
  return parameters;
}

const placeOf: Readonly<Record<string, ParameterPlace>> = {
  path: 'params',
  query: 'query',
  header: 'headers',
  cookie: 'cookies',
};

function readParameter(node: Node | undefined): Parameter | undefined {
  const [where, name] = [node?.text('in'), node?.text('name')];
  const place = where && Object.hasOwn(placeOf, where) ? placeOf[where] : undefined;
  if (!node || !where || name === undefined || (!place && where !== 'querystring')) return undefined;
  const [content] = node.get('content')?.members() ?? [];
  return {
    name,
    where,
    node,
    isRequired: where === 'path' || node.flag('required') === true,
    schema: content ? content[1].get('schema') : node.get('schema'),
    style: content ? content[0] : place ? styleOf(node, place) : '',
  };
}

function styleOf(node: Node, place: ParameterPlace): string {
  const style = node.text('style') as StyleName | undefined;
  const explode = node.flag('explode');
  const resolved = resolveStyle(place, {
    ...(style && { style }),
    ...(explode !== undefined && { explode }),
  });
  return `${resolved.style}${resolved.explode ? ', exploded' : ''}`;
}
