/**
 * The attributes of spans and metrics, by OpenTelemetry's semantic conventions for HTTP clients, 1.45.
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/http/http-spans/ | HTTP spans}
 */
import type { Attributes } from '@opentelemetry/api';
import type { LeaseEnd } from '../http/body-lease.ts';
import type { CallRequest } from '../pipeline/call.ts';
import type { Outcome } from '../pipeline/outcome.ts';

const conventional = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
];

const knownMethods = new Set(readKnownMethods() ?? conventional);

/** A list with commas replaces that of the conventions. */
function readKnownMethods(): string[] | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  const given = process?.env?.OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS;
  return given
    ?.split(',')
    .map(method => method.trim())
    .filter(method => method !== '');
}

/** Low in cardinality whatever a caller sends. */
export const methodLabel = (method: string): string => (knownMethods.has(method) ? method : '_OTHER');

/** What a span is called: never by its path. */
export function spanName(method: string, urlTemplate: string | undefined): string {
  const label = methodLabel(method);
  const name = label === '_OTHER' ? 'HTTP' : label;
  return urlTemplate === undefined ? name : `${name} ${urlTemplate}`;
}

/** What is known when a span begins, and what a sampler may ask for. */
export function requestAttributes({ method, url }: CallRequest, redactedUrl: string): Attributes {
  const label = methodLabel(method);
  const attributes: Attributes = {
    'http.request.method': label,
    'server.address': serverAddress(url),
    'server.port': serverPort(url),
    'url.full': redactedUrl,
  };
  if (label !== method) attributes['http.request.method_original'] = method;
  return attributes;
}

export const serverAddress = ({ hostname }: URL): string =>
  hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;

export const serverPort = ({ port, protocol }: URL): number =>
  port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);

/** What is kept of an outcome until a body has ended: not the response, which an open span must not keep alive. */
export interface Summary {
  readonly kind: Outcome['kind'];
  readonly status: number | undefined;
  /** Why it is an error; undefined for a success and for what the caller gave up. */
  readonly errorType: string | undefined;
}

export function summarize(outcome: Outcome): Summary {
  const { kind, status } = outcome;
  return { kind, status, errorType: errorType(outcome) };
}

function errorType(outcome: Outcome): string | undefined {
  if (outcome.response) return outcome.status >= 400 ? String(outcome.status) : undefined;
  if (outcome.kind === 'cancelled') return undefined;
  return outcome.code ?? nameOf(outcome.error);
}

/** A summary with what became of the body, which may have broken off. */
export function withBody(summary: Summary, end: LeaseEnd): Summary {
  if (end.kind !== 'failed') return summary;
  const code = (end.error as { code?: unknown } | undefined)?.code;
  return { ...summary, errorType: typeof code === 'string' ? code : nameOf(end.error) };
}

/**
 * When what ended with a body has ended. A body that nobody read has no end worth telling: then it is that of the
 * headers.
 */
export const endOf = ({ kind }: LeaseEnd, headersAt: number, now: number): number =>
  kind === 'expired' || kind === 'collected' ? headersAt : now;

/** The class of an error that has no code. Messages are not low in cardinality. */
export function nameOf(error: unknown): string {
  return error instanceof Error && error.name !== '' ? error.name : '_OTHER';
}

/** The size of a body as it was sent, where the server has said it. */
export function bodySize(headers: Headers): number | undefined {
  const length = headers.get('content-length');
  return length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** The headers of an allow-list, as the conventions want them. */
export function headerAttributes(
  direction: 'request' | 'response',
  allowed: readonly string[],
  headers: Headers,
): Attributes {
  const attributes: Attributes = {};
  for (const name of allowed) {
    const value = headers.get(name);
    if (value !== null) attributes[`http.${direction}.header.${name}`] = [value];
  }
  return attributes;
}
