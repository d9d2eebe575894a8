/** How the fields of a form are written (Encoding Object of OpenAPI). */
import type { ParameterStyle, StyleName } from '../../contract/parameter-style.ts';
import type { Node } from '../document/node.ts';
import type { Context } from './context.ts';
import { writableStyle } from './parameters.ts';

/** By field, where it is not written as a query would be by default; undefined if all are. */
export function formStyles(media: Node, context: Context): Record<string, ParameterStyle> | undefined {
  const encoding = media.get('encoding');
  const fields = [...context.shapes.propertiesOf(media.get('schema'))].flatMap(([name, schema]) => {
    const style = styleOfField(schema, encoding?.get(name), context);
    return Object.keys(style).length > 0 ? [[name, style] as const] : [];
  });
  return fields.length > 0 ? Object.fromEntries(fields) : undefined;
}

/** OpenAPI 3.1 §4.8.15: without a style, what is an object goes as JSON. */
function styleOfField(schema: Node, encoding: Node | undefined, context: Context): ParameterStyle {
  const { shapes } = context;
  const style = encoding?.text('style') as StyleName | undefined;
  const explode = encoding?.flag('explode');
  const depth = shapes.depthOf(schema);
  if (style === undefined && explode === undefined)
    return depth > 1 || (depth === 1 && shapes.isObject(schema)) ? { style: 'json' } : {};
  const given = { ...(style && { style }), ...(explode !== undefined && { explode }) };
  // Vendors write one style above all fields, texts among them, of which it then says nothing.
  if (depth === 0) return {};
  return writableStyle('query', given, schema, encoding ?? schema, context);
}
