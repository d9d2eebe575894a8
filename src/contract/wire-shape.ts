/** Finds at definition what could never be written: a schema whose values its style or JSON has no spelling for. */
import type { $ZodType } from 'zod/v4/core';
import type { ParameterPlace, ResolvedStyle } from './parameter-style.ts';
import { definitionOf, findPart, wireForm } from './zod.ts';

/** Kinds of zod that end up as one text. What is open (`any`, a custom check) is looked at when a value comes. */
const textKinds = new Set(
  'string number int boolean bigint enum literal template_literal date null undefined any unknown custom never lazy'.split(
    ' ',
  ),
);

/** Kinds that JSON has nothing for. A date is written as text, but no text is read as a date. */
const neverJson = new Set(['bigint', 'map', 'set', 'symbol', 'function', 'file', 'promise', 'nan']);

/** What of a parameter's schema cannot be written in its style; undefined if all can. */
export function unwritableParameter(
  schema: $ZodType,
  { style }: ResolvedStyle,
  place: ParameterPlace,
): string | undefined {
  if (style === 'json') return unwritableJson(schema, 'request');
  const kind = misfit(schema, style === 'deepObject' ? Number.POSITIVE_INFINITY : 1);
  if (kind)
    return `holds ${kind}, for which the style ${style} has no spelling${place === 'query' ? hint : ''}`;
  const wire = definitionOf(wireForm(schema)).type;
  const isText = textKinds.has(wire) && !openKinds.has(wire);
  if (isText && compositeOnly.has(style))
    return `is ${wire}, and the style ${style} is for lists and objects`;
  return undefined;
}

const hint = ' (`deepObject` or `json` may have)';
const openKinds = new Set(['any', 'unknown', 'custom', 'lazy']);
const compositeOnly = new Set(['spaceDelimited', 'pipeDelimited', 'deepObject']);

/** @param depth - how many levels of lists and objects there may be. */
function misfit(schema: $ZodType, depth: number): string | undefined {
  const wire = wireForm(schema);
  const { type, options, element, shape, valueType, items, rest } = definitionOf(wire);
  if (textKinds.has(type)) return undefined;
  const inside = [...(options ?? []), ...(items ?? []), ...Object.values(shape ?? {})];
  for (const part of [element, valueType, rest]) if (part) inside.push(part);
  const isComposite = ['array', 'tuple', 'object', 'record'].includes(type);
  if (type !== 'union' && type !== 'intersection' && !isComposite) return `a ${type}`;
  if (isComposite && depth === 0)
    return `${type === 'array' || type === 'tuple' ? 'a list' : 'an object'} inside another`;
  const left = isComposite ? depth - 1 : depth;
  for (const part of inside) {
    const kind = misfit(part, left);
    if (kind) return kind;
  }
  return undefined;
}

/** What JSON has no spelling for. What is coerced may arrive as something else, and is sent as it is. */
export function unwritableJson(schema: $ZodType, direction: 'request' | 'response'): string | undefined {
  const isMisfit = ({ type, coerce }: { type: string; coerce?: boolean }) =>
    direction === 'request' ? neverJson.has(type) : !coerce && (neverJson.has(type) || type === 'date');
  const found = findPart(schema, isMisfit, { wireOnly: true });
  return found && `holds a ${found.type}, which JSON cannot: a codec turns it into something that JSON can`;
}
