/** Response headers as undici hands them over: names in lower case, a list where one came more than once. */
export type RawHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * The headers of a response, which cannot be changed. Who looks one or two of them up does not pay for a table of all.
 */
export class ResponseHeaders extends Headers {
  #raw: RawHeaders | undefined;

  constructor(raw: RawHeaders) {
    super();
    this.#raw = raw;
  }

  override get(name: string): string | null {
    const value = this.#raw && typeof name === 'string' ? this.#raw[name.toLowerCase()] : undefined;
    // Anything but one clean value is left to the original.
    return typeof value === 'string' && !/[\t ]$/.test(value) ? value : super.get.call(this.#filled(), name);
  }

  override has(name: string): boolean {
    return super.has.call(this.#filled(), name);
  }

  override getSetCookie(): string[] {
    return super.getSetCookie.call(this.#filled());
  }

  override forEach(...args: Parameters<Headers['forEach']>): void {
    super.forEach.apply(this.#filled(), args);
  }

  override keys(): HeadersIterator<string> {
    return super.keys.call(this.#filled());
  }

  override values(): HeadersIterator<string> {
    return super.values.call(this.#filled());
  }

  override entries(): HeadersIterator<[string, string]> {
    return super.entries.call(this.#filled());
  }

  override [Symbol.iterator](): HeadersIterator<[string, string]> {
    return this.entries();
  }

  override append(): never {
    throw new TypeError('immutable');
  }

  override set(): never {
    throw new TypeError('immutable');
  }

  override delete(): never {
    throw new TypeError('immutable');
  }

  #filled(): this {
    const raw = this.#raw;
    if (!raw) return this;
    this.#raw = undefined;
    for (const [name, value] of Object.entries(raw)) {
      if (Array.isArray(value)) for (const each of value) super.append(name, each);
      else if (value !== undefined) super.append(name, value);
    }
    return this;
  }
}

/** It is still what it stands for. */
Object.defineProperty(ResponseHeaders, 'name', { value: 'Headers' });

/** How `console.log` shows them: the original looks into itself. */
const inspect = Symbol.for('nodejs.util.inspect.custom');
const inspectHeaders = (Headers.prototype as unknown as Record<symbol, (...args: unknown[]) => unknown>)[
  inspect
];
Object.defineProperty(ResponseHeaders.prototype, inspect, {
  value(this: ResponseHeaders, ...args: unknown[]): unknown {
    return inspectHeaders?.apply(new Headers(this), args);
  },
});
