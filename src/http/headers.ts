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

/** Whether a header is given, whatever the case of its name. */
export function hasHeader(source: HeadersSource, name: string): boolean {
  const headers = headersOf(source);
  if (headers && typeof (headers as Headers).has === 'function') return (headers as Headers).has(name);
  const lowerCase = name.toLowerCase();
  return someHeader(headers, given => given.toLowerCase() === lowerCase);
}

/** A copy of the headers as they are now. */
export function copyHeaders(headers: HeadersInit): HeadersInit {
  if (!(Symbol.iterator in headers)) return { ...headers };
  return Array.from(headers as Iterable<[string, string]>, pair => [...pair] as [string, string]);
}

/** Headers that can be read only once, as from a generator; we read them more than once. */
export const isOneShot = (headers: HeadersInit | undefined | null): boolean =>
  typeof headers === 'object' && headers !== null && 'next' in headers;

/** A key by which the server recognises a repetition (draft-ietf-httpapi-idempotency-key-header). */
export const idempotencyKeyHeader = 'Idempotency-Key';
