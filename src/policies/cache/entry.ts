/** One kept answer, and what is true of it at an instant. Plain data, so that any store can keep it. */
import { endLease } from '../../http/body-lease.ts';
import { parseHttpDate } from '../../http/http-date.ts';
import { madeResponse } from '../../http/made-response.ts';
import { fieldsOf, listed, parseDirectives } from './directives.ts';
import type { Judgement } from './judge.ts';

export interface Entry extends Judgement {
  readonly url: string;
  readonly type: ResponseType;
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array<ArrayBuffer>;
  /** Epoch milliseconds when it came, or was last confirmed. */
  readonly receivedAt: number;
  /** How old it was then. */
  readonly initialAgeMs: number;
  /** Epoch milliseconds when it is of no more use. */
  readonly keptUntil: number;
}

/** Where there is more than one answer for a URL: by which request headers they differ. */
export interface Index {
  readonly vary: readonly string[];
  /** Changes with every invalidation, so that what was kept before is not found again. */
  readonly generation: string;
}

export const isIndex = (found: Entry | Index): found is Index => 'vary' in found;

/** https://www.rfc-editor.org/rfc/rfc9111#section-4.2.3 */
export const ageMs = (entry: Entry, nowMs: number): number =>
  entry.initialAgeMs + Math.max(0, nowMs - entry.receivedAt);

export function initialAgeMs(headers: Headers, askedAt: number, receivedAt: number): number {
  const date = parseHttpDate(headers.get('date')?.trim() ?? '', receivedAt);
  const apparentMs = date === undefined ? 0 : receivedAt - date;
  const correctedMs = saidAgeMs(headers.get('age')) + receivedAt - askedAt;
  return Math.max(0, apparentMs, correctedMs);
}

/**
 * A list, or no number, may mean anything: such an answer counts as very old. RFC 9111 §5.1 would have the first member
 * used; an answer that is asked for once too often is the smaller harm.
 */
function saidAgeMs(field: string | null): number {
  if (field === null) return 0;
  return /^\d{1,10}$/.test(field.trim()) ? Number(field) * 1_000 : MAX_AGE_MS;
}

/** 2^31 s, which stands for all that is larger (RFC 9111 §1.2.2). */
const MAX_AGE_MS = 2_147_483_648_000;

/** Of the connection that an answer came by, and not of the answer (RFC 9110 §7.6.1, RFC 9111 §3.1). */
const ofConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What of an answer's headers is kept: not what is of the connection, nor what may not be used again. */
export function keptHeaders(headers: Headers, shared: boolean): [string, string][] {
  const directives = parseDirectives(headers.get('cache-control'));
  const named = [
    ...listed(headers.get('connection')),
    ...fieldsOf(directives, 'no-cache'),
    ...(shared ? fieldsOf(directives, 'private') : []),
  ];
  return [...headers].filter(([name]) => !ofConnection.has(name) && !named.includes(name));
}

/** They speak of the body, and that is the kept one. */
const ofBody = new Set(['content-length', 'content-encoding', 'content-range', 'content-md5', 'etag']);

/** Headers of a kept answer that was confirmed: what the 304 says replaces what was kept (RFC 9111 §3.2). */
export function mergedHeaders(
  kept: Entry['headers'],
  confirming: Headers,
  shared: boolean,
): [string, string][] {
  const fresh = keptHeaders(confirming, shared).filter(([name]) => !ofBody.has(name));
  const replaced = new Set(fresh.map(([name]) => name));
  return [
    ...kept.filter(([name]) => !replaced.has(name)).map(([n, v]): [string, string] => [n, v]),
    ...fresh,
  ];
}

/** https://www.rfc-editor.org/rfc/rfc9111#section-4.3.1 */
export function conditionsOf(headers: Entry['headers']): Record<string, string> {
  const first = (wanted: string) => headers.find(([name]) => name === wanted)?.[1];
  const [etag, modified] = [first('etag'), first('last-modified')];
  return {
    ...(etag !== undefined && { 'If-None-Match': etag }),
    ...(modified !== undefined && { 'If-Modified-Since': modified }),
  };
}

/** Whether a 304 speaks of this answer: a tag of its own must be the same (RFC 9111 §4.3.3). */
export function isConfirmedBy(entry: Entry, confirming: Headers): boolean {
  const tag = confirming.get('etag');
  const own = entry.headers.find(([name]) => name === 'etag')?.[1];
  return tag === null || own === undefined || opaque(tag) === opaque(own);
}

const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');

/** A response of its own for each who asks: the bytes are copied when it is made. */
export function responseOf(entry: Entry, method: string, age: number, cacheStatus: string): Response {
  const headers = new Headers(entry.headers as [string, string][]);
  headers.set('age', String(Math.floor(age / 1_000)));
  headers.append('cache-status', cacheStatus);
  const { status, statusText, url, type } = entry;
  const body = method === 'HEAD' ? null : entry.body;
  const response = madeResponse(body, { status, statusText, headers }, { url, type, redirected: false });
  endLease(response);
  return response;
}

/** What an answer takes of a bound in bytes. */
export const sizeOf = (key: string, found: Entry | Index): number =>
  isIndex(found)
    ? 2 * key.length + 200
    : found.headers.reduce((sum, [name, value]) => sum + 2 * (name.length + value.length), 0) +
      found.body.byteLength +
      2 * (key.length + found.url.length) +
      400;
