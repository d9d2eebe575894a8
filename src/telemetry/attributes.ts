/**
 * The attributes of spans and metrics, by OpenTelemetry's semantic conventions for HTTP clients, 1.45.
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/http/http-spans/ | HTTP spans}
 */
import type { Attributes } from '@opentelemetry/api';
import { TimeoutError } from '../errors.ts';
import type { LeaseEnd } from '../http/body-lease.ts';
import { readFailure } from '../http/failure.ts';
import { redactUrl, redactUrlsIn } from '../http/redact.ts';
import type { CallRequest } from '../pipeline/call.ts';
import { isTimeout, networkFailure, type Outcome } from '../pipeline/outcome.ts';

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

let knownMethods: ReadonlySet<string> | undefined;

/** A list with commas replaces that of the conventions; an empty one is none, as with every variable of OpenTelemetry. */
function readKnownMethods(): readonly string[] {
  const given = readVariable('OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS') ?? '';
  const methods = given.split(',').map(method => method.trim());
  return methods.some(Boolean) ? methods.filter(Boolean) : conventional;
}

/** Deno throws where a program may not see its environment. */
function readVariable(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  try {
    return process?.env?.[name];
  } catch {
    return undefined;
  }
}

/** Low in cardinality whatever a caller sends. Not read before somebody records: in Deno to read is to ask for leave. */
export function methodLabel(method: string): string {
  knownMethods ??= new Set(readKnownMethods());
  return knownMethods.has(method) ? method : '_OTHER';
}

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
  /** In a word; see {@link wordFor}. */
  readonly outcome: string;
  /** Undefined for an opaque response of a browser too, whose status nobody is told. */
  readonly status: number | undefined;
  /** Why it is an error; undefined for a success and for what the caller gave up. */
  readonly errorType: string | undefined;
}

export function summarize(outcome: Outcome, request: CallRequest): Summary {
  return {
    outcome: wordFor(outcome, request),
    status: outcome.status || undefined,
    errorType: errorType(outcome),
  };
}

function wordFor(outcome: Outcome, request: CallRequest): string {
  if (outcome.response) return statusWord(outcome.status);
  if (outcome.kind === 'cancelled' || outcome.kind === 'rejected') return outcome.kind;
  if (isTimeout(outcome)) return 'timeout';
  return networkFailure(outcome, request) ? 'network_error' : nameOf(outcome.error);
}

export const statusWord = (status: number): string =>
  status < 400 ? 'success' : status < 500 ? 'client_error' : 'server_error';

function errorType(outcome: Outcome): string | undefined {
  if (outcome.response) return outcome.status >= 400 ? String(outcome.status) : undefined;
  if (outcome.kind === 'cancelled') return undefined;
  return outcome.code ?? nameOf(outcome.error);
}

/** A summary with what became of the body, which may have broken off. */
export function withBody(summary: Summary, end: LeaseEnd): Summary {
  if (end.kind !== 'failed') return summary;
  const { error } = end;
  if (error instanceof TimeoutError) return { ...summary, outcome: 'timeout', errorType: error.code };
  return { ...summary, outcome: 'network_error', errorType: readFailure(error)?.code ?? nameOf(error) };
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

/** The size of a body as it was sent, where the server has said it and there is one (RFC 9110 §8.6). */
export function bodySize(method: string, { headers, status }: Response): number | undefined {
  if (method === 'HEAD' || status === 304) return undefined;
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
    if (value !== null) attributes[`http.${direction}.header.${name}`] = [shownHeader(name, value)];
  }
  return attributes;
}

/** Where a resource is to be found may be as secret as what was asked for: upload URLs are signed. */
const shownHeader = (name: string, value: string): string =>
  /^(?:location|content-location|referer)$/.test(name) ? redactUrl(value) : redactUrlsIn(value);
