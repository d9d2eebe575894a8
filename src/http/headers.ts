/** What a `fetch` call's two arguments say, as far as headers are concerned. */
export interface HeadersSource {
  readonly input: string | URL | Request;
  readonly init: RequestInit;
}

/** The headers of a call as they were given: those of `init` replace those of a `Request`, as in `fetch`. */
export function headersOf({ input, init }: HeadersSource): HeadersInit | undefined {
  return init.headers ?? (typeof input === 'object' && 'headers' in input ? input.headers : undefined);
}

/** Whether any header's name passes, without building a `Headers`: this runs in calls that have headers at all. */
export function someHeader(headers: HeadersInit | undefined, accepts: (name: string) => boolean): boolean {
  if (!headers) return false;
  if (!(Symbol.iterator in headers)) {
    for (const name in headers) if (accepts(name)) return true;
    return false;
  }
  for (const [name] of headers as Iterable<[string, string]>) if (accepts(String(name))) return true;
  return false;
}

/** A key by which the server recognises a repetition (draft-ietf-httpapi-idempotency-key-header). */
export const idempotencyKeyHeader = 'Idempotency-Key';

/** Whether a key is given. An empty one is none: the server would not recognise anything by it. */
export function hasIdempotencyKey(source: HeadersSource): boolean {
  const headers = headersOf(source);
  if (!headers) return false;
  const pairs =
    Symbol.iterator in headers ? (headers as Iterable<[string, string]>) : Object.entries(headers);
  for (const [name, value] of pairs) {
    if (isKeyName(String(name)) && String(value).trim() !== '') return true;
  }
  return false;
}

const isKeyName = (name: string): boolean => name.length === 15 && name.toLowerCase() === 'idempotency-key';

/** The headers of a call with some set to other values. */
export function withHeaders(source: HeadersSource, values: Readonly<Record<string, string>>): Headers {
  const given = headersOf(source);
  const headers = new Headers(given && copyHeaders(given));
  for (const [name, value] of Object.entries(values)) headers.set(name, value);
  return headers;
}

/** A copy of the headers as they are now. */
export function copyHeaders(headers: HeadersInit): HeadersInit {
  if (!(Symbol.iterator in headers)) return { ...headers };
  return Array.from(headers as Iterable<[string, string]>, pair => [...pair] as [string, string]);
}

/** Headers that can be read only once, as from a generator; we read them more than once. */
export const isOneShot = (headers: HeadersInit | undefined | null): boolean =>
  typeof headers === 'object' && headers !== null && 'next' in headers;
