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
