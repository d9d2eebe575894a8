/** What a document says of a schema to people. */
import type { Node } from '../document/node.ts';

/** Lines of TSDoc: description, examples, deprecation. */
export function docsOf(node: Node): string[] {
  const said = node.text('description') ?? titleOf(node);
  const paragraphs = linesOf(said);
  const tags = [...defaultOf(node), ...examplesOf(node), ...(node.flag('deprecated') ? ['@deprecated'] : [])];
  return paragraphs.length > 0 && tags.length > 0 ? [...paragraphs, '', ...tags] : [...paragraphs, ...tags];
}

/** A title that only repeats the name says nothing. */
function titleOf(node: Node): string {
  const title = node.text('title');
  if (title === undefined) return '';
  const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{Nd}]/gu, '');
  return plain(title) === plain(String(node.key)) ? '' : title;
}

export function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map(line => line.trimEnd().replaceAll('\t', '  '))
    // A tag of TSDoc is ours to write.
    .map(line => line.replace(/^(\s*)@/, '$1\\@'));
  while (lines[0] === '') lines.shift();
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

function defaultOf(node: Node): string[] {
  const value = node.get('default');
  return value ? shown('@defaultValue', value.value) : [];
}

function examplesOf(node: Node): string[] {
  const single = node.get('example');
  const example = single ?? node.get('examples')?.items()[0];
  return example ? shown('@example', example.value) : [];
}

/** Short values alone: whole payloads are read better in the document. */
function shown(tag: string, value: unknown): string[] {
  const text = JSON.stringify(value);
  return text !== undefined && text.length <= 80 ? [`${tag} ${text}`] : [];
}
