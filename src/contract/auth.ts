/** What proves who calls. Added to each call, after everything else, and only ever sent to the API's own origin. */
import { declareSecretHeader, declareSecretParameter } from '../http/redact.ts';
import type { Clock } from '../pipeline/clock.ts';
import { show } from '../pipeline/options.ts';
import { encodeInQuery, resolveStyle } from './parameter-style.ts';

/** A request that an {@link Auth} adds to. */
export interface AuthDraft {
  /** By names in lower case. */
  readonly headers: Record<string, string>;
  /** Pairs of the query, encoded. */
  readonly query: string[];
  /** Pairs of the `Cookie` header, encoded. */
  readonly cookies: string[];
}

/** Adds to a request what proves who sends it. Write one of your own where those here do not do. */
export interface Auth {
  authorize(draft: AuthDraft, clock: Clock): void | Promise<void>;
  /**
   * The service has answered 401 to what `authorize` had added to `draft`. Whether another try may do better, which
   * it will not with the same credentials.
   */
  renew?(draft: AuthDraft, clock: Clock): boolean | Promise<boolean>;
}

/** A token that is good until an instant. */
export interface ExpiringToken {
  readonly token: string;
  /** Milliseconds from now until it expires. */
  readonly expiresInMs: number;
}

/**
 * Where a token comes from: itself, or a function that gets one. One with an expiry is kept and got again in time; any
 * other is asked for at each call.
 */
export type TokenSource = string | (() => TokenGiven | Promise<TokenGiven>);
type TokenGiven = string | ExpiringToken;

/**
 * `Authorization: Bearer …` (RFC 6750). While a token is being got, all calls wait for that one; after a 401 another
 * is got and the call sent once more.
 *
 * @throws TypeError for an empty token.
 * @example
 * createApi(users, { baseUrl, auth: bearer(async () => ({ token: await read(), expiresInMs: 300_000 })) });
 */
export function bearer(source: TokenSource): Auth {
  const tokens = new Tokens(source);
  return {
    async authorize(draft, clock) {
      draft.headers.authorization = `Bearer ${await tokens.get(clock)}`;
    },
    renew: (draft, clock) => tokens.renew((draft.headers.authorization ?? '').slice('Bearer '.length), clock),
  };
}

/** Got again when this share of its life is left, or this much of it if that is less: a call takes its time. */
const earlyRatio = 0.1;
const maxEarlyMs = 60_000;

/** One token for all who ask. */
class Tokens {
  readonly #source: TokenSource;
  #kept: { readonly token: string; readonly dueAt: number } | undefined;
  #pending: Promise<string> | undefined;

  constructor(source: TokenSource) {
    if (typeof source === 'string') requireToken(source);
    else if (typeof source !== 'function')
      throw new TypeError(`A token should be a text or a function that gets one, got ${show(source)}.`);
    this.#source = source;
  }

  get(clock: Clock): string | Promise<string> {
    if (typeof this.#source === 'string') return this.#source;
    if (this.#kept && clock.now() < this.#kept.dueAt) return this.#kept.token;
    this.#pending ??= this.#fetch(this.#source, clock).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Whether there is another one than that which was refused; several that were refused at once share it. */
  async renew(refused: string, clock: Clock): Promise<boolean> {
    if (typeof this.#source === 'string') return false;
    if (this.#kept?.token === refused) this.#kept = undefined;
    return (await this.get(clock)) !== refused;
  }

  async #fetch(source: Exclude<TokenSource, string>, clock: Clock): Promise<string> {
    const given = await source();
    if (typeof given === 'string') return requireToken(given);
    const token = requireToken(given?.token);
    const { expiresInMs } = given;
    if (typeof expiresInMs !== 'number' || !(expiresInMs >= 0))
      throw new TypeError(
        `\`expiresInMs\` of a token should be a number of at least 0, got ${show(expiresInMs)}.`,
      );
    this.#kept = { token, dueAt: clock.now() + expiresInMs - Math.min(maxEarlyMs, expiresInMs * earlyRatio) };
    return token;
  }
}

/** RFC 6750 §2.1; the token itself stays out of the message. */
function requireToken(token: unknown): string {
  if (typeof token === 'string' && /^[\w.~+/-]+=*$/.test(token)) return token;
  const what = typeof token === 'string' ? 'one with other characters, or an empty one' : typeof token;
  throw new TypeError(
    `A bearer token should consist of letters, digits and -._~+/ with = at the end, got ${what}.`,
  );
}

/**
 * `Authorization: Basic …` with UTF-8 (RFC 7617).
 *
 * @throws TypeError for a user's name with a colon, which ends it.
 */
export function basic(user: string, password: string): Auth {
  if (typeof user !== 'string' || typeof password !== 'string')
    throw new TypeError('`user` and `password` should be texts.');
  if (user.includes(':')) throw new TypeError('`user` should have no colon, which would end it.');
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  const authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  return {
    authorize(draft) {
      draft.headers.authorization = authorization;
    },
  };
}

/** Where a key goes. */
export type ApiKeyPlace =
  | { readonly header: string }
  | { readonly query: string }
  | { readonly cookie: string };

/**
 * A key in a header, a parameter of the query, or a cookie. From then on its name is one of a secret: it is left out of
 * logs and spans, and a header of that name does not follow a redirect to another origin.
 *
 * @example
 * createApi(search, { baseUrl, auth: apiKey(process.env.SEARCH_KEY ?? '', { header: 'X-Search-Key' }) });
 */
export function apiKey(key: string | (() => string | Promise<string>), place: ApiKeyPlace): Auth {
  const add = adder(place);
  if (typeof key === 'string') {
    requireKey(key);
    return { authorize: draft => add(draft, key) };
  }
  return {
    async authorize(draft) {
      add(draft, requireKey(await key()));
    },
  };
}

function requireKey(key: unknown): string {
  if (typeof key === 'string' && /^[\x20-\x7e]+$/.test(key)) return key;
  throw new TypeError('An API key should be a text of visible ASCII characters that is not empty.');
}

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

function adder(place: ApiKeyPlace): (draft: AuthDraft, key: string) => void {
  if ('header' in place && HEADER_NAME.test(place.header)) {
    const name = place.header.toLowerCase();
    declareSecretHeader(name);
    return (draft, key) => {
      draft.headers[name] = key;
    };
  }
  if ('query' in place && place.query) {
    declareSecretParameter(encodeInQuery(place.query, '', resolveStyle('query')).slice(0, -1));
    return (draft, key) => draft.query.push(encodeInQuery(place.query, key, resolveStyle('query')));
  }
  if ('cookie' in place && HEADER_NAME.test(place.cookie))
    return (draft, key) => draft.cookies.push(`${place.cookie}=${encodeURIComponent(key)}`);
  throw new TypeError(
    `A key goes into a \`header\`, a \`query\` or a \`cookie\`, each a name, got ${show(place)}.`,
  );
}
