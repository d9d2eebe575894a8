// Without the `u` flag, `i` folds ASCII letters only, as the standard's byte-uppercase does.
const NORMALIZABLE = /^(?:DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i;

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']);

/**
 * The method as `fetch` sends it: six names in upper case whatever their spelling, any other as it is. So `patch`
 * stays `patch`, a method of its own that servers refuse.
 *
 * @param method - `GET` by default, as for `fetch`.
 * @see {@link https://fetch.spec.whatwg.org/#concept-method-normalize | Fetch, normalize a method}
 */
export function normalizeMethod(method = 'GET'): string {
  return method === 'GET' || !NORMALIZABLE.test(method) ? method : method.toUpperCase();
}

/**
 * Whether a normalized method asks for nothing to change at the server, which makes it idempotent too.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1 | RFC 9110 §9.2.1}, and for `QUERY`
 * {@link https://www.rfc-editor.org/rfc/rfc10008 | RFC 10008}
 */
export function isSafe(method: string): boolean {
  return SAFE.has(method);
}
