/** What a discriminator says of one option. */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import { isObject, type Open } from './combine.ts';
import { anything, type Field, type Fields, type Model } from './model.ts';

/**
 * An object that has nothing but the tag of an option, to be added to it; `none` if it adds nothing, `contradicted` if
 * the option itself says that it has another.
 *
 * @see {@link https://spec.openapis.org/oas/v3.1.1#discriminator-object | Discriminator Object}
 */
export function pinned(
  discriminator: Node,
  option: Node,
  model: Model,
  documents: Documents,
  open: Open,
): Fields | 'none' | 'contradicted' {
  const name = discriminator.text('propertyName');
  const target = option.text('$ref') === undefined ? undefined : documents.follow(option)?.node;
  if (name === undefined || !target) return 'none';
  // What the default is, is so by whatever value no other option has.
  const byDefault = discriminator.get('defaultMapping');
  if (byDefault && leadsTo(byDefault, target, option, documents)) return 'none';
  const values = tagsOf(discriminator, option, target, documents);
  const object = model.kind === 'reference' ? open(model) : model;
  // What is no object has no tag: null, or an option that is a union itself.
  if (!object || !isObject(object)) return 'none';
  const own = fieldsOf(object).fields.get(name);
  if (own?.model.kind === 'literals') {
    const known = own.model.values;
    const shared = values.filter(value => known.includes(value));
    // Without a mapping its name would be its tag, and many who write what it is themselves do not mean that.
    const isMapped = mappedTo(discriminator, option, target, documents).length > 0;
    if (shared.length === 0) return isMapped ? 'contradicted' : 'none';
    if (shared.length === known.length) return 'none';
  }
  const field: Field = {
    model: { kind: 'literals', values, isOpen: false },
    isRequired: own?.isRequired ?? false,
    docs: [],
  };
  return { kind: 'fields', fields: new Map([[name, field]]), others: anything };
}

const fieldsOf = (model: Model): Fields => (model.kind === 'ruled' ? fieldsOf(model.of) : (model as Fields));

/** The values that lead to an option: those mapped to it, or its name. */
export function tagsOf(discriminator: Node, option: Node, target: Node, documents: Documents): string[] {
  const mapped = mappedTo(discriminator, option, target, documents);
  return mapped.length > 0 ? mapped : [nameIn(option.text('$ref') as string)];
}

const mappedTo = (discriminator: Node, option: Node, target: Node, documents: Documents): string[] =>
  (discriminator.get('mapping')?.members() ?? [])
    .filter(([, to]) => leadsTo(to, target, option, documents))
    .map(([value]) => value);

/** A mapping has a reference, or the name of a component alone. */
function leadsTo(mapping: Node, target: Node, option: Node, documents: Documents): boolean {
  const to = mapping.value;
  if (typeof to !== 'string') return false;
  if (to === option.text('$ref')) return true;
  const reference = /[#/.]/.test(to) ? to : `#/components/schemas/${to}`;
  const last = nameIn(reference);
  const component = documents.root.get('components')?.get('schemas')?.get(last);
  if (!component || !reference.endsWith(last) || !reference.startsWith('#/components/schemas/')) return false;
  return documents.follow(component)?.node.id === target.id;
}

/** The last part of a reference, without what makes it a file. */
export function nameIn(reference: string): string {
  const last = reference.split('/').at(-1) ?? reference;
  return decodePointer(last.replace(/\.(ya?ml|json)(#.*)?$/i, ''));
}

const decodePointer = (text: string): string => {
  try {
    return decodeURIComponent(text).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return text;
  }
};
