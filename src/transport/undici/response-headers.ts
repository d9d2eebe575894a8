/** Response headers as undici hands them over: names in lower case, a list where one came more than once. */
export type RawHeaders = Readonly<Record<string, string | string[] | undefined>>;

const inspect = Symbol.for('nodejs.util.inspect.custom');
const inspectHeaders = (Headers.prototype as unknown as Record<symbol, (...args: unknown[]) => unknown>)[
  inspect
];

/**
 * The headers of a response, which cannot be changed. Who looks one or two of them up does not pay for a table of all.
 */
export class ResponseHeaders extends Headers {
  #raw: RawHeaders | undefined;

  constructor(raw: RawHeaders) {
    super();
    this.#raw = raw;
  }

  override get(...args: [name: string]): string | null {
    const [name] = args;
    const value = this.#raw && typeof name === 'string' ? this.#raw[name.toLowerCase()] : undefined;
    // Anything but one clean value is left to the original.
    return typeof value === 'string' && !/[\t ]$/.test(value) ? value : super.get.apply(this.#filled(), args);
  }

  override has(...args: [name: string]): boolean {
    return super.has.apply(this.#filled(), args);
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

  override append(...args: [name: string, value: string]): never {
    new Headers().append(...args);
    throw new TypeError('immutable');
  }

  override set(...args: [name: string, value: string]): never {
    new Headers().set(...args);
    throw new TypeError('immutable');
  }

  override delete(...args: [name: string]): never {
    new Headers().delete(...args);
    throw new TypeError('immutable');
  }

  static {
    // How `console.log` shows them: the original looks into itself.
    Object.defineProperty(this.prototype, inspect, {
      value(this: ResponseHeaders, ...args: unknown[]): unknown {
        return inspectHeaders?.apply(this.#filled(), args);
      },
    });
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
Object.defineProperty(ResponseHeaders.prototype, 'constructor', { value: Headers });
