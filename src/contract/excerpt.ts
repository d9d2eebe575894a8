/** The beginning of a payload, fit for an error message: short, and without secrets. */
import { isSensitiveHeader, REDACTED, redactUrlsIn } from '../http/redact.ts';
import type { Issue } from './standard-schema.ts';

const maxLength = 500;
const maxTextLength = 100;
const maxMembers = 20;
const maxDepth = 6;

/** Of any value; never throws. */
export function excerptOf(value: unknown): string {
  try {
    const text =
      typeof value === 'string' ? maskText(value.slice(0, 4 * maxLength)) : JSON.stringify(mask(value, 0));
    return shortened(text ?? String(value), maxLength);
  } catch {
    return '';
  }
}

const shortened = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;

function mask(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return shortened(maskText(value.slice(0, 2 * maxTextLength)), maxTextLength);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth === maxDepth) return '…';
  if (Array.isArray(value)) return value.slice(0, maxMembers).map(element => mask(element, depth + 1));
  if (value instanceof Blob) return `${value.constructor.name} of ${value.size} bytes`;
  const members = Object.entries(value).slice(0, maxMembers);
  return Object.fromEntries(
    members.map(([name, member]) => [name, isSecretName(name) ? REDACTED : mask(member, depth + 1)]),
  );
}

/** What is nobody's business although no header is ever called so. */
const PERSONAL = /(?:^|-)(?:card-?number|cvc|cvv|pan|iban|ssn|pin|otp|pass(?:phrase|code)|credentials?)$/;

/** Whether a member of this name holds a secret: the names of headers and parameters, in any spelling. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .replaceAll(/[_\s.]/g, '-')
    .toLowerCase();
  return isSensitiveHeader(words) || PERSONAL.test(words);
}

/** `name: value` and `name=value`, quoted or not; the value may be cut off. */
const ASSIGNMENT = /(["']?)([\w.-]{1,64})\1(\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&}\])"']+)/g;
const AUTHENTICATION = /\b(Bearer|Basic|Digest)\s+[\w+/=.~:-]+/gi;

/** A name whose value is a list or an object. */
const COMPOSITE = /(["']?)([\w.-]{1,64})\1\s*[:=]\s*(?=[{[])/g;

/** Where a secret with an inside begins, in a text that may be cut off: nobody knows where it ends. */
function beforeComposite(text: string): string {
  for (const { 0: start, 2: name = '', index } of text.matchAll(COMPOSITE))
    if (isSecretName(name)) return `${text.slice(0, index)}${start}${REDACTED}`;
  return text;
}

function maskText(text: string): string {
  return redactUrlsIn(beforeComposite(text))
    .replace(AUTHENTICATION, `$1 ${REDACTED}`)
    .replace(ASSIGNMENT, (all, quote, name, sign) =>
      isSecretName(name) ? `${quote}${name}${quote}${sign}${REDACTED}` : all,
    );
}

/**
 * Of what does not match, as much as may be shown.
 *
 * @param part - of the request or the response.
 */
export function shown(
  part: string,
  issues: readonly Issue[],
  value: unknown,
): { readonly issues: readonly Issue[]; readonly excerpt: string } {
  // What a cookie holds is a secret whatever it is called.
  const isSecret = part === 'cookies' ? () => true : isSecretName;
  return { issues: withoutSecrets(issues, isSecret), excerpt: part === 'cookies' ? '' : excerptOf(value) };
}

/** So many issues say enough of one value. */
const maxIssues = 100;

/** Some libraries quote the value in their message. Where it may be a secret, the message goes. */
function withoutSecrets(issues: readonly Issue[], isSecret: (name: string) => boolean): Issue[] {
  const first = issues.slice(0, maxIssues).map(({ path, message }) => ({
    path: path.map(key => (typeof key === 'string' ? shortened(key, maxTextLength) : key)),
    message: path.some(key => typeof key === 'string' && isSecret(key))
      ? 'will not do (the value is a secret and not shown)'
      : shortened(message, maxLength),
  }));
  const left = issues.length - maxIssues;
  return left > 0 ? [...first, { path: [], message: `and ${left} more issues` }] : first;
}
