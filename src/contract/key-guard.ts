/** Sees to it that a key which a caller gives stands for one payload. */
/** What a key would stand for. */
interface Keyed {
  readonly method: string;
  readonly url: string;
  readonly body: BodyInit | undefined;
}

/** So many keys are remembered: the most recent ones. */
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
      return 'should be a text of visible ASCII characters that is not empty';
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
  const hash = new Hash();
  hash.add(`${method} ${url}`);
  if (!(body instanceof FormData)) await addPart(hash, body);
  else {
    for (const [name, value] of body) {
      hash.add(name);
      if (typeof value !== 'string') hash.add(JSON.stringify([value.name, value.type]));
      await addPart(hash, value);
    }
  }
  return hash.digest();
}

async function addPart(hash: Hash, part: BodyInit | undefined): Promise<void> {
  if (typeof part === 'string' || part instanceof URLSearchParams) hash.add(String(part));
  else if (part instanceof Blob) hash.add(new Uint8Array(await part.arrayBuffer()));
  else if (part instanceof ArrayBuffer) hash.add(new Uint8Array(part));
  else if (ArrayBuffer.isView(part)) hash.add(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
}

/**
 * 64 bits against mistakes, not against malice, and without waiting for a crypto module: two lanes of FNV-1a, of which
 * the second sees each unit turned.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-eastlake-fnv | The FNV non-cryptographic hash}
 */
class Hash {
  #first = 0x811c9dc5;
  #second = 0xc9dc5118;

  add(part: string | Uint8Array): void {
    const isText = typeof part === 'string';
    for (let index = 0; index < part.length; index++)
      this.#mix(isText ? part.charCodeAt(index) : (part[index] as number));
    // Where a part ends counts as well.
    this.#mix(0x10000 + part.length);
  }

  #mix(unit: number): void {
    this.#first = Math.imul(this.#first ^ unit, 0x01000193);
    this.#second = Math.imul(this.#second ^ ((unit << 7) | (unit >>> 9)), 0x01000193);
    this.#second ^= this.#second >>> 15;
  }

  digest(): string {
    return `${(this.#first >>> 0).toString(36)}-${(this.#second >>> 0).toString(36)}`;
  }
}
