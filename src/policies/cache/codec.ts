/** A kept answer as text, for stores that keep nothing else, and back. */
import type { Entry, Index } from './entry.ts';
import { isIndex } from './entry.ts';

/** Of the form below. What another version has written is as good as nothing. */
const VERSION = 1;

export function encode(found: Entry | Index): string {
  if (isIndex(found)) return JSON.stringify({ v: VERSION, ...found });
  return JSON.stringify({ v: VERSION, ...found, body: toBase64(found.body) });
}

/** @throws Error for what `encode` has not written. */
export function decode(text: unknown): Entry | Index {
  if (typeof text !== 'string') throw new TypeError('not a text');
  const found = JSON.parse(text) as Record<string, unknown> | null;
  if (found?.v !== VERSION) throw new TypeError('of another version');
  const { v: _, ...rest } = found;
  if (isListOf(rest.vary, isText) && isText(rest.generation)) return rest as unknown as Index;
  const isWhole =
    Object.entries(shape).every(([name, type]) => typeof rest[name] === type) &&
    numbers.every(name => Number.isFinite(rest[name])) &&
    isListOf(rest.headers, pair => isListOf(pair, isText) && (pair as unknown[]).length === 2);
  if (!isWhole) throw new TypeError('not an answer');
  new Headers(rest.headers as [string, string][]);
  return { ...rest, body: fromBase64(rest.body as string) } as unknown as Entry;
}

const numbers = [
  'status',
  'receivedAt',
  'initialAgeMs',
  'keptUntil',
  'lifetimeMs',
  'staleWhileRevalidateMs',
  'staleIfErrorMs',
] as const;

const shape = {
  ...Object.fromEntries(numbers.map(name => [name, 'number'])),
  url: 'string',
  type: 'string',
  statusText: 'string',
  body: 'string',
  mustConfirm: 'boolean',
  mustNotBeStale: 'boolean',
} as const;

const isText = (value: unknown): boolean => typeof value === 'string';
const isListOf = (value: unknown, accepts: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(accepts);

/** As many bytes as a call takes arguments everywhere. */
const CHUNK = 8_192;

function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let offset = 0; offset < bytes.byteLength; offset += CHUNK)
    parts.push(String.fromCharCode(...bytes.subarray(offset, offset + CHUNK)));
  return btoa(parts.join(''));
}

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), character => character.charCodeAt(0));
