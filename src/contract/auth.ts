/** What proves who calls. Added to each call, after everything else, and only ever sent to the API's own origin. */
import { declareSecretHeader, declareSecretParameter } from '../http/redact.ts';
import type { Clock } from '../pipeline/clock.ts';
import { encodeInQuery, resolveStyle } from './parameter-style.ts';
import { requireToken, type TokenSource, Tokens } from './tokens.ts';

/** A request that an {@link Auth} adds to. */
export interface AuthDraft {
  readonly method: string;
  /** As it is without what is added here. */
  readonly url: string;
  readonly headers: Record<string, string>;
  /** Pairs of the query, encoded. */
  readonly query: string[];
  /** Pairs of the `Cookie` header, encoded. */
  readonly cookies: string[];
}

/**
 * Adds to a request what proves who sends it. Write one of your own where those here do not do.
 *
 * Whatever it adds is a secret: it is left out of logs and spans, and stays at home when a redirect leads to another
 * origin. A call waits for it no longer than its total timeout, and half a minute at most.
 */
export interface Auth {
  authorize(draft: AuthDraft, clock: Clock): void | Promise<void>;
  /**
   * The service has answered 401 to `refused`. Adds to `draft`, which is as it was before, what may do better, and the
   * call is sent once more; or says false, and the 401 stands. Without it, every 401 does.
   */
  renew?(draft: AuthDraft, refused: AuthDraft, clock: Clock): boolean | Promise<boolean>;
}

const scheme = 'Bearer ';

/**
 * `Authorization: Bearer …` (RFC 6750). While a token is being got, all calls wait for that one; after a 401 another
 * is got, one for all calls that heard it, and each of them sent once more. A token that is given as a text is all there
 * is: a 401 stands.
 *
 * @throws TypeError for what is no token.
 * @example
 * createApi(users, { baseUrl, auth: bearer(async () => ({ token: await read(), expiresInMs: 300_000 })) });
 */
export function bearer(source: TokenSource): Auth {
  const write = (draft: AuthDraft, token: string) => {
    draft.headers.authorization = scheme + token;
  };
  if (typeof source !== 'function') {
    const token = requireToken(source);
    return { authorize: draft => write(draft, token) };
  }
  const tokens = new Tokens(source);
  return {
    authorize(draft, clock) {
      const token = tokens.get(clock);
      if (typeof token !== 'string') return token.then(token => write(draft, token));
      return write(draft, token);
    },
    async renew(draft, refused, clock) {
      const token = await tokens.renew(refused.headers.authorization?.slice(scheme.length) ?? '', clock);
      if (token === undefined) return false;
      write(draft, token);
      return true;
    },
  };
}

/**
 * `Authorization: Basic …` with UTF-8 (RFC 7617).
 *
 * @throws TypeError for a user's name with a colon, which ends it, and for control characters in either.
 */
export function basic(user: string, password: string): Auth {
  requireText(user, 'user');
  requireText(password, 'password');
  if (user.includes(':')) throw new TypeError('`user` should have no colon, which would end it.');
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  const authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  return {
    authorize(draft) {
      draft.headers.authorization = authorization;
    },
  };
}

/** RFC 7617 §2: a server that decodes them must not meet a line break. */
function requireText(value: unknown, name: string): void {
  if (typeof value === 'string' && !/[\x00-\x1f\x7f]/.test(value)) return;
  throw new TypeError(`\`${name}\` should be a text without control characters.`);
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
 * @throws TypeError for what is no key, or no name.
 * @example
 * createApi(search, { baseUrl, auth: apiKey(process.env.SEARCH_KEY ?? '', { header: 'X-Search-Key' }) });
 */
export function apiKey(key: string | (() => string | Promise<string>), place: ApiKeyPlace): Auth {
  const add = adder(place);
  if (typeof key !== 'function') {
    requireKey(key);
    return { authorize: draft => add(draft, key) };
  }
  return {
    async authorize(draft) {
      add(draft, requireKey(await key()));
    },
  };
}

/** No space at its ends: `fetch` would take it off in a header. */
function requireKey(key: unknown): string {
  if (typeof key === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(key)) return key;
  throw new TypeError('An API key should be a text of visible ASCII characters that is not empty.');
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

const inQuery = resolveStyle('query');

/** The message does not quote what it got: that is the key, where the two were given the wrong way round. */
function adder(place: ApiKeyPlace): (draft: AuthDraft, key: string) => void {
  const { header, query, cookie } = textsOf(place);
  if (header !== undefined && TOKEN.test(header)) {
    const name = header.toLowerCase();
    declareSecretHeader(name);
    return (draft, key) => {
      draft.headers[name] = key;
    };
  }
  if (query) {
    declareSecretParameter(encodeInQuery(query, '', inQuery).slice(0, -1));
    return (draft, key) => draft.query.push(encodeInQuery(query, key, inQuery));
  }
  if (cookie !== undefined && TOKEN.test(cookie))
    return (draft, key) => draft.cookies.push(`${cookie}=${encodeURIComponent(key)}`);
  throw new TypeError(
    'A key goes into one of `{ header }`, `{ query }` and `{ cookie }`, each the name that it has there.',
  );
}

function textsOf(place: unknown): { header?: string; query?: string; cookie?: string } {
  if (typeof place !== 'object' || place === null) return {};
  return Object.fromEntries(Object.entries(place).filter(([, name]) => typeof name === 'string'));
}
