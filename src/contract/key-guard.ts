/** Sees to it that a key which a caller gives stands for one payload. */
import { show } from '../pipeline/options.ts';

/** What a key would stand for. */
interface Keyed {
  readonly method: string;
  readonly url: string;
  readonly body: BodyInit | undefined;
}

/** So many keys are remembered, the most recent ones. */
const maxKeys = 1_000;

/**
 * The server would answer the second payload with the result of the first, or refuse it after a round trip. Only hashes
 * are kept. A stream cannot be hashed without being read: of such a call, method and URL alone are compared.
 */
export class KeyGuard {
  readonly #hashes = new Map<string, string>();

  /**
   * What is wrong with a key; undefined if nothing is, and from then on it stands for this payload.
   *
   * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header#section-2.2 | Uniqueness of keys}
   */
  async obstacle(key: string, keyed: Keyed): Promise<string | undefined> {
    if (typeof key !== 'string' || !/^[\x21-\x7e]+$/.test(key))
      return `should be a text of visible ASCII characters, got ${show(key)}`;
    const hash = await hashOf(keyed);
    const known = this.#hashes.get(key);
    if (known !== undefined && known !== hash)
      return 'was given before with another payload, and a key stands for one: use a new key for a new call';
    this.#hashes.delete(key);
    this.#hashes.set(key, hash);
    if (this.#hashes.size > maxKeys) this.#hashes.delete(this.#hashes.keys().next().value as string);
    return undefined;
  }
}

async function hashOf({ method, url, body }: Keyed): Promise<string> {
  const parts: BlobPart[] = [`${method} ${url}\n`];
  if (body instanceof FormData)
    for (const [name, value] of body) parts.push(JSON.stringify(name), value, '\n');
  else if (body !== undefined && !(body instanceof ReadableStream) && !isIterable(body))
    parts.push(body as BlobPart);
  const bytes = await new Blob(parts).arrayBuffer();
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('');
}

const isIterable = (body: object | string): boolean =>
  typeof body === 'object' && Symbol.asyncIterator in body;
