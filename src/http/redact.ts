/** What stands in the place of a secret, as OpenTelemetry's conventions spell it. */
export const REDACTED = 'REDACTED';

const REDACTED_USERINFO = `${REDACTED}:${REDACTED}@`;

/**
 * Query keys whose values are secrets. The first line is OpenTelemetry's list, the others are ours: the same in
 * other clouds, and the usual names of credentials (`key` is how Google's APIs take theirs). Not `code`, `state` or
 * `page_token`: they are rarely secret and often what one looks for.
 */
const SENSITIVE_KEYS = [
  'x-amz-signature|x-amz-credential|x-amz-security-token|awsaccesskeyid|signature|sig|x-goog-signature',
  'x-goog-credential|googleaccessid|ossaccesskeyid|(?:x-oss-)?security-token',
  '(?:(?:access|refresh|id|auth|oauth|session|private|bearer)[-_]?)?token|jwt|auth|authorization',
  '(?:(?:x[-_])?api|subscription|access|private)[-_]?key|key',
  '(?:client[-_]?)?secret|client[-_]assertion|password|passwd|pwd|oauth_signature',
  '(?:j|php)?sess(?:ion)?[-_]?id',
].join('|');

/** Case is ignored, more strictly than the conventions ask: a wrongly spelt key is still a secret. */
const parameterPattern = (keys: string): RegExp => new RegExp(`([?&#;](?:${keys})=)[^&#]+`, 'gi');

let sensitiveParameter = parameterPattern(SENSITIVE_KEYS);

/** Keys that a server reads otherwise than they are written: percent-encoded, or in the brackets of a nested one. */
const DISGUISED_PARAMETER = /([?&#;])([^?&#;=]*(?:%[0-9a-f]{2}|\[)[^?&#;=]*)=([^&#]+)/gi;
const keyPattern = (keys: string): RegExp => new RegExp(`^(?:${keys})$`, 'i');

let sensitiveKey = keyPattern(SENSITIVE_KEYS);

const SENSITIVE_HEADER = new RegExp(
  '(?:^|-)(?:authorization|cookie|cookie2|idempotency-key|authentication-info)$' +
    '|(?:token|secret|password|passwd|credentials?|signature|jwt)$' +
    '|(?:api|auth|access|private|subscription|functions)-?key$',
  'i',
);

/** Names that the program itself has said to be those of secrets, in lower case. */
const declaredHeaders = new Set<string>();
const declaredParameters = new Set<string>();

/** From now on a header of this name counts as a secret everywhere. Names are few: those of a program's API keys. */
export function declareSecretHeader(name: string): void {
  declaredHeaders.add(name.toLowerCase());
}

/** From now on a parameter of this name, as it is spelt in URLs, counts as a secret everywhere. */
export function declareSecretParameter(name: string): void {
  // Said again at each call by what adds a key to it.
  if (declaredParameters.has(name)) return;
  declaredParameters.add(name);
  const escaped = [...declaredParameters].map(each => each.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const keys = [SENSITIVE_KEYS, ...escaped].join('|');
  sensitiveParameter = parameterPattern(keys);
  sensitiveKey = keyPattern(keys);
}

/** The URL without the parameters that the program itself has declared to be secrets: one that may be kept. */
export function withoutDeclaredParameters(href: string): string {
  const [path = '', ...rest] = href.split('?');
  if (rest.length === 0 || declaredParameters.size === 0) return href;
  const [query = '', ...fragment] = rest.join('?').split('#');
  const kept = query.split('&').filter(pair => !declaredParameters.has(pair.split('=', 1)[0] as string));
  return [kept.length > 0 ? `${path}?${kept.join('&')}` : path, ...fragment].join('#');
}

/** A scheme, or a broken one's slashes, with the authority right behind: where credentials begin. */
const AUTHORITY_START = /^\s*(?:[a-z][a-z0-9+.-]*:)?[\\/]{2,}/i;
const HAS_AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\//;
const USERINFO = /^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/;
/** References and content: an `@` in them ends no credentials. */
const WITHOUT_AUTHORITY = /^\s*(?:[.?#]|[\\/](?![\\/])|data:|blob:)/i;

/**
 * The URL as it may be shown in logs, spans and errors: credentials become `REDACTED:REDACTED@`, values of
 * sensitive parameters become `REDACTED` with their keys kept, in the query and in the fragment (where OAuth puts
 * tokens). An empty value stays, since it hides nothing. Secrets in a path, or in a URL that is itself the value of
 * a parameter, are not found.
 *
 * Never throws: of a string that is no URL, everything up to the last `@` is taken for credentials.
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/ | `url.full`}
 */
export function redactUrl(url: URL | string): string {
  const text = String(url);
  // What is broken may be whole without its credentials, and is read otherwise then.
  return text.includes('@') ? redactOnce(redactOnce(text)) : redactParameters(text);
}

const redactOnce = (text: string): string =>
  redactParameters(text.includes('@') ? redactCredentials(text) : text);

/** A text of somebody else's, such as an error message, with the URLs in it redacted. */
export function redactUrlsIn(text: string): string {
  return text.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'`<>]+/gi, redactUrl);
}

/** Whether a header's value is a secret, or identifies one, and must not be shown. */
export function isSensitiveHeader(name: string): boolean {
  return SENSITIVE_HEADER.test(name) || (declaredHeaders.size > 0 && declaredHeaders.has(name.toLowerCase()));
}

function redactParameters(text: string): string {
  if (!text.includes('=')) return text;
  const plain = text.replace(sensitiveParameter, `$1${REDACTED}`);
  if (!plain.includes('%') && !plain.includes('[')) return plain;
  return plain.replace(DISGUISED_PARAMETER, (whole, start: string, key: string) =>
    isSensitiveKey(key) ? `${start}${key}=${REDACTED}` : whole,
  );
}

const isSensitiveKey = (key: string): boolean =>
  decoded(key)
    .split(/[[\]]+/)
    .some(part => sensitiveKey.test(part));

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function redactCredentials(text: string): string {
  if (WITHOUT_AUTHORITY.test(text)) return text;
  // Only a parser knows what credentials are: `https:\\user:pass@host` has some, `https://host/@scope` has none.
  const href = parsedHref(text);
  if (href !== undefined && HAS_AUTHORITY.test(href)) {
    return USERINFO.test(href) ? href.replace(USERINFO, `$1${REDACTED_USERINFO}`) : text;
  }
  // A password with a raw '/', '#' or '?' breaks the URL, and `user:password@host` without a scheme reads as one
  // whose scheme is the user's name.
  const host = text.slice(text.lastIndexOf('@') + 1);
  return `${AUTHORITY_START.exec(text)?.[0] ?? ''}${REDACTED_USERINFO}${host}`;
}

function parsedHref(text: string): string | undefined {
  try {
    return new URL(text).href;
  } catch {
    return undefined;
  }
}
