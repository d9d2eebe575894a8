/** The grant by which a program proves itself and no user (RFC 6749 §4.4). What is protocol is done by oauth4webapi. */
import * as oauth from 'oauth4webapi';
import { type Auth, bearer } from '../contract/auth.ts';
import type { ExpiringToken } from '../contract/tokens.ts';
import type { Inside } from '../fetch.ts';
import { type GivenFetch, givenFetch, insideFor } from '../given-fetch.ts';
import { redactUrl } from '../http/redact.ts';
import {
  boolean,
  type Check,
  type Checks,
  callback,
  oneOf,
  readOptions,
  requireObject,
  show,
  text,
} from '../pipeline/options.ts';
import type { CallPolicy } from '../policies/policy-options.ts';
import { failureOf } from './refusal.ts';

export interface ClientCredentialsOptions extends GivenFetch {
  /** The token endpoint: `https:`, or `http:` on the machine itself. */
  readonly tokenUrl: string | URL;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the token is to be good for, separated by spaces. */
  readonly scope?: string;
  /** Who the token is for, where the server goes by `audience` (Auth0 and others). */
  readonly audience?: string;
  /** Who the token is for, where the server goes by `resource` (RFC 8707): one URI, or several. */
  readonly resource?: string | readonly string[];
  /**
   * Where id and secret go: into the `Authorization` header, encoded as RFC 6749 §2.3.1 says, or into the body, for
   * servers that do not know the header or do not decode it.
   * @defaultValue 'basic'
   */
  readonly authentication?: 'basic' | 'post';
  /** Further fields of the request. */
  readonly parameters?: Readonly<Record<string, string>>;
  /**
   * Whether the secret may go to another machine over `http:`, where everyone on the way can read it.
   * @defaultValue false
   */
  readonly allowHttp?: boolean;
}

const string: Check = text(/./s, 'a text that is not empty');

const checks: Checks<ClientCredentialsOptions> = {
  tokenUrl: () => {},
  clientId: string,
  clientSecret: requireSecret,
  scope: string,
  audience: string,
  resource: (value, name) => {
    for (const one of Array.isArray(value) ? value : [value]) string(one, name);
  },
  authentication: oneOf('basic', 'post'),
  parameters: requireParameters,
  allowHttp: boolean,
  fetch: callback,
  policy: requireObject,
};

const defaults: { readonly authentication: 'basic' | 'post'; readonly allowHttp: boolean } = {
  authentication: 'basic',
  allowHttp: false,
};

/**
 * Bearer tokens that the program gets for itself: one for all calls, got again before it expires and after a 401.
 *
 * The request for a token is a call like any other, and repeated where it fails: asking twice does no harm. A token that
 * comes without `expires_in` is kept until it is refused. What the token endpoint refuses, the call that needed it ends
 * with, as a `TokenError`; what keeps it from answering, as the error of any call (`NetworkError`, `TimeoutError`, …).
 *
 * @throws TypeError if an option will not do.
 * @example
 * const auth = oauth2ClientCredentials({
 *   tokenUrl: 'https://id.internal/oauth/token',
 *   clientId: 'orders',
 *   clientSecret: process.env.ORDERS_SECRET ?? '',
 *   scope: 'users:read',
 * });
 * const api = createApi(users, { baseUrl: 'https://users.internal', auth });
 */
export function oauth2ClientCredentials(options: ClientCredentialsOptions): Auth {
  const read = readOptions('', options, checks, defaults);
  const { fetch, policy, clientId, clientSecret, authentication } = read;
  // Neither has a default that could stand in.
  string(clientId, 'clientId');
  requireSecret(clientSecret);
  const endpoint: TokenEndpoint = {
    url: readTokenUrl(read.tokenUrl, read.allowHttp),
    client: { client_id: clientId },
    authenticate:
      authentication === 'basic'
        ? oauth.ClientSecretBasic(clientSecret)
        : oauth.ClientSecretPost(clientSecret),
    parameters: parametersOf(read),
    secret: clientSecret,
    inside: insideFor(givenFetch({ fetch, policy })),
  };
  return bearer(() => newToken(endpoint));
}

/** Where tokens come from, and how to ask. */
interface TokenEndpoint {
  readonly url: URL;
  readonly client: oauth.Client;
  readonly authenticate: oauth.ClientAuth;
  readonly parameters: URLSearchParams;
  readonly secret: string;
  readonly inside: Inside;
}

async function newToken(endpoint: TokenEndpoint): Promise<ExpiringToken> {
  const { url, client, authenticate, parameters, secret, inside } = endpoint;
  const server: oauth.AuthorizationServer = { issuer: url.origin, token_endpoint: url.href };
  const response = await oauth.clientCredentialsGrantRequest(server, client, authenticate, parameters, {
    [oauth.customFetch]: (href, init) => inside.fetch(href, { ...init, ...repeatable(href, inside) }),
    [oauth.allowInsecureRequests]: url.protocol === 'http:',
  });
  try {
    const answer = await oauth.processClientCredentialsResponse(server, client, response, {
      recognizedTokenTypes,
    });
    return {
      token: answer.access_token,
      expiresInMs: (answer.expires_in ?? Number.POSITIVE_INFINITY) * 1_000,
    };
  } catch (error) {
    throw await failureOf(error, response, { url, secret, inside });
  }
}

const idempotent: CallPolicy = { retry: { idempotent: true } };

/** A POST that does no harm twice. Whoever has switched retries off has switched off these as well. */
const repeatable = (href: string, inside: Inside): { readonly policy?: CallPolicy } =>
  inside.policyFor(href, undefined).retry === false ? {} : { policy: idempotent };

/** A token that is bound to a key (RFC 9449) is refused where the key does not come with it. */
const recognizedTokenTypes: oauth.RecognizedTokenTypes = {
  dpop: () => {
    throw new oauth.UnsupportedOperationError('a token of the type DPoP needs a key, which is not supported');
  },
};

/** @throws TypeError that shows nothing secret of the URL. */
function readTokenUrl(given: unknown, allowHttp: boolean): URL {
  const text = typeof given === 'string' || given instanceof URL ? String(given) : '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const obstacle = url ? obstacleIn(url, allowHttp) : 'should be an absolute URL';
  if (!url || obstacle) throw new TypeError(`\`tokenUrl\` ${obstacle}, got ${shownUrl(given)}.`);
  return url;
}

const shownUrl = (given: unknown): string =>
  typeof given === 'string' || given instanceof URL ? show(redactUrl(String(given))) : show(given);

function obstacleIn(
  { protocol, hostname, username, password, hash }: URL,
  allowHttp: boolean,
): string | undefined {
  if (protocol !== 'https:' && protocol !== 'http:') return 'should be a URL of https';
  if (username || password) return 'should have no credentials in it: use `clientId` and `clientSecret`';
  // RFC 6749 §3.2
  if (hash) return 'should have no fragment';
  if (protocol === 'https:' || allowHttp || isLoopback(hostname)) return undefined;
  return 'should be a URL of https, or the secret goes out in clear text (allow that with `allowHttp: true`)';
}

/** What never leaves the machine. */
const isLoopback = (hostname: string): boolean =>
  /^(?:localhost|.*\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);

/** The message does not show what it got. */
function requireSecret(value: unknown): void {
  if (typeof value !== 'string' || value === '')
    throw new TypeError('`clientSecret` should be a text that is not empty.');
}

/** What the grant itself, or an option, says. */
const taken = ['grant_type', 'client_id', 'client_secret', 'scope', 'audience', 'resource'];

function requireParameters(value: unknown, name: string): void {
  requireObject(value, name);
  for (const [key, parameter] of Object.entries(value as object)) {
    if (taken.includes(key))
      throw new TypeError(`\`${name}.${key}\` is said by the grant, or by an option of its own.`);
    if (typeof parameter !== 'string')
      throw new TypeError(`\`${name}.${key}\` should be a text, got ${typeof parameter}.`);
  }
}

function parametersOf({
  scope,
  audience,
  resource = [],
  parameters = {},
}: ClientCredentialsOptions): URLSearchParams {
  const fields = new URLSearchParams(parameters);
  if (scope !== undefined) fields.set('scope', scope);
  if (audience !== undefined) fields.set('audience', audience);
  for (const uri of typeof resource === 'string' ? [resource] : resource) fields.append('resource', uri);
  return fields;
}
