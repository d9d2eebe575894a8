const REPLAYABLE_TAGS = new Set([
  '[object ArrayBuffer]',
  '[object Blob]',
  '[object File]',
  '[object FormData]',
  '[object URLSearchParams]',
]);

/**
 * Whether a request body can be sent again from its source, without a copy: none at all, text, bytes, a form, a
 * blob. Streams and iterables give their content once; whatever is unknown is taken for one of them.
 *
 * Kinds are told by tag, not by `instanceof`, so that bodies of another realm or of a polyfill count.
 *
 * @see {@link https://fetch.spec.whatwg.org/#bodyinit | Fetch, BodyInit}
 */
export function isReplayable(body: unknown): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true;
  if (typeof body !== 'object') return false;
  if (ArrayBuffer.isView(body)) return true;
  return REPLAYABLE_TAGS.has(Object.prototype.toString.call(body)) && !isStream(body);
}

/** The npm package `form-data` calls itself a FormData and is a stream, gone once sent. */
function isStream(body: object): boolean {
  return Symbol.asyncIterator in body || ('pipe' in body && typeof body.pipe === 'function');
}

/** A copy of a form as it is now; any other body is handed back itself. */
export function copyForm<Body extends BodyInit>(body: Body): Body | URLSearchParams | FormData {
  const tag = Object.prototype.toString.call(body);
  if (tag === '[object URLSearchParams]') return new URLSearchParams(body as URLSearchParams);
  if (tag !== '[object FormData]' || !(body instanceof FormData)) return body;
  const copy = new FormData();
  // A file is appended in the same way, and keeps its name.
  for (const [name, value] of body as unknown as Iterable<[string, string]>) copy.append(name, value);
  return copy;
}

/**
 * A copy in memory of its own: what is put into a stream of bytes is taken away from everybody else, and what others make
 * may lie in memory that more have a share in. Not by `slice()`, which is none with a `Buffer`.
 */
export const ownBytes = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
