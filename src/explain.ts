import {
  type AttemptRecord,
  type CacheUse,
  type CallRecord,
  isSent,
  type OuterCallInfo,
  outerTitle,
} from './call-record.ts';
import { HoldfastError, RejectedError } from './errors.ts';
import { during } from './http/phase.ts';
import { createStamp } from './http/stamp.ts';
import type { CircuitState } from './pipeline/events.ts';

/** The story of the call that a response came from. Times are milliseconds. */
export interface ResponseInfo {
  readonly method: string;
  /** Without credentials and signatures. */
  readonly url: string;
  /** Key of the host's state, its origin by default. */
  readonly host: string;
  readonly attempts: readonly AttemptRecord[];
  /** Attempts after the first, but for hedges. */
  readonly retries: number;
  /** From the call to the response headers. */
  readonly elapsedMs: number;
  /** How long the call waited for its turn in the bulkhead, before its first attempt. */
  readonly queuedMs: number;
  /** State of the host's circuit when the response came; undefined without a circuit breaker, unless isolated by hand. */
  readonly circuit: CircuitState | undefined;
  /** Name of the substitute that answered in place of the service, if one did. */
  readonly fallback: string | undefined;
  /** Whether the call has joined the request of an earlier one that was the same; its attempts are those of that request. */
  readonly coalesced: boolean;
  /** What the cache had to do with it; undefined if it was not asked. */
  readonly cache: CacheUse | undefined;
  /** W3C trace id of the call, if it is traced. */
  readonly traceId: string | undefined;
  /** The call that this one was made within an attempt of, if it was. */
  readonly outer: OuterCallInfo | undefined;
  /** Retries in vain by calls that were made within its attempts, which count among its own. */
  readonly innerRetries: number;
}

const stories = createStamp<CallRecord>(true);

/** Lets a response tell the story of its call. */
export function stampStory(response: Response, record: CallRecord): void {
  stories.set(response, record);
}

/** The record of the call that a response came from. */
export const recordOf = (response: Response): CallRecord | undefined => stories.get(response);

/** Lets a copy of a response, or what was made of it, tell the same story. */
export function shareStory(response: Response, copy: Response): void {
  const record = stories.get(response);
  if (record) stories.set(copy, record);
}

/** The story of a response as data; undefined if it did not come from a fetch of ours. */
export function responseInfo(response: Response): ResponseInfo | undefined {
  const record = stories.get(response);
  if (!record) return undefined;
  const { method, url, host, attempts, retries, queuedMs, circuit, fallback, coalesced, cache } = record;
  const { traceId, outer, innerRetries } = record;
  const elapsedMs = record.durationMs ?? 0;
  return {
    method,
    url,
    host,
    attempts,
    retries,
    elapsedMs,
    queuedMs,
    circuit,
    fallback,
    coalesced,
    cache,
    traceId,
    outer,
    innerRetries,
  };
}

/**
 * What a service may want to tell its own callers about how a call of its own ended: `X-Retry-Count`, `X-Fallback` with
 * the name of the substitute if one answered, `X-Trace-Id` if the call was traced, and `Retry-After` where somebody knows
 * when it is worth coming back: the service in its 429 or 503, or we who refused to send. Takes what the call ended with,
 * a response or an error; empty for a foreign one.
 *
 * @example
 * return new Response(upstream.body, { headers: recoveryHeaders(upstream) });
 */
export function recoveryHeaders(ending: Response | unknown): Record<string, string> {
  if (ending instanceof HoldfastError) return errorHeaders(ending);
  const info = typeof ending === 'object' && ending !== null ? responseInfo(ending as Response) : undefined;
  if (!info) return {};
  const { status, headers: fields } = ending as Response;
  const headers = storyHeaders(info);
  const retryAfter = status === 429 || status === 503 ? fields.get('Retry-After') : null;
  if (retryAfter !== null) headers['Retry-After'] = retryAfter;
  return headers;
}

function errorHeaders(error: HoldfastError): Record<string, string> {
  const record = HoldfastError.recordOf(error);
  const headers = record ? storyHeaders(record) : {};
  const waitMs = error instanceof RejectedError ? error.retryAfterMs : undefined;
  // Whole seconds are all that it can say. None would be an invitation.
  if (waitMs !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(waitMs / 1_000)));
  return headers;
}

function storyHeaders(story: Pick<ResponseInfo, 'retries' | 'fallback' | 'traceId'>): Record<string, string> {
  const headers: Record<string, string> = { 'X-Retry-Count': String(story.retries) };
  if (story.fallback !== undefined) headers['X-Fallback'] = story.fallback;
  if (story.traceId !== undefined) headers['X-Trace-Id'] = story.traceId;
  return headers;
}

/**
 * The timeline of a call for people, one line per attempt: start, duration, outcome, how far it got, and what was
 * decided. Takes what the call ended with, a response or an error.
 */
export function explain(ending: Response | unknown): string {
  if (ending instanceof HoldfastError) return explainError(ending);
  const info = typeof ending === 'object' && ending !== null ? responseInfo(ending as Response) : undefined;
  if (!info) return 'No call of a holdfast fetch is known to have ended with this.';
  const status = (ending as Response).status;
  const sent = Math.max(1, info.attempts.filter(isSent).length);
  const heading = `${info.method} ${info.url} → ${status} in ${ms(info.elapsedMs)}, ${count(sent)}`;
  return [heading, ...queued(info.queuedMs), ...timeline(info.attempts), ...footnotes(info)].join('\n');
}

function explainError(error: HoldfastError): string {
  const heading = `${error.method} ${error.url} → ${error.code}, ${count(error.attempts.filter(isSent).length)}`;
  const record = HoldfastError.recordOf(error);
  return [
    heading,
    ...queued(record?.queuedMs ?? 0),
    ...timeline(error.attempts),
    ...(record?.coalesced ? [joined] : []),
    `  ${error.message}`,
    ...(record ? nesting(record) : []),
  ].join('\n');
}

const queued = (queuedMs: number): string[] =>
  queuedMs > 0 ? [`  waited ${ms(queuedMs)} for its turn in the bulkhead`] : [];

const joined = '  joined the request of an earlier call that was the same';

function footnotes(info: ResponseInfo): string[] {
  const notes: string[] = nesting(info);
  if (info.coalesced) notes.push(joined);
  if (info.fallback !== undefined) notes.push(`  answered by the fallback "${info.fallback}"`);
  if (info.cache && info.cache.status !== 'miss') notes.push(`  ${fromCache(info.cache)}`);
  if (info.circuit !== undefined && info.circuit !== 'closed')
    notes.push(`  circuit of ${info.host}: ${info.circuit}`);
  return notes;
}

function nesting({ outer, innerRetries }: Pick<ResponseInfo, 'outer' | 'innerRetries'>): string[] {
  const notes: string[] = [];
  if (outer) notes.push(`  kept to the deadline and budget of the ${outerTitle(outer)}`);
  if (innerRetries > 0)
    notes.push(`  calls within its attempts were retried in vain, which counts as its own: ${innerRetries}`);
  return notes;
}

function fromCache({ status, ageMs = 0, because }: CacheUse): string {
  const why = because === undefined ? '' : `: ${staleness[because]}`;
  return `answered from the cache, ${status}, ${ms(ageMs)} old${why}`;
}

const staleness = {
  revalidating: 'another is asked for in the background',
  error: 'the service failed',
  'circuit-open': 'the circuit of the host is open',
  asked: 'the caller takes it so',
} as const;

function timeline(attempts: readonly AttemptRecord[]): string[] {
  const rows = attempts.map(attempt => [
    `#${attempt.attempt}${attempt.hedge ? ' (hedge)' : ''}`,
    `at ${ms(attempt.startMs)}${attempt.endpoint === undefined ? '' : ` to ${attempt.endpoint}`}`,
    attempt.durationMs === undefined
      ? 'running'
      : `took ${ms(attempt.durationMs)}${pause(attempt)}${attempt.isSlow ? ', slow' : ''}`,
    [attempt.outcome, attempt.status ?? attempt.code, injected(attempt)]
      .filter(part => part !== undefined)
      .join(' '),
    attempt.sent === 'yes'
      ? ''
      : sentences[attempt.sent] + (attempt.phase ? `,${during(attempt.phase)}` : ''),
    decision(attempt),
  ]);
  const widths = [0, 1, 2, 3, 4].map(column => Math.max(0, ...rows.map(row => (row[column] ?? '').length)));
  return rows.map(row =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

const pause = ({ waitedMs }: AttemptRecord): string =>
  waitedMs > 0 ? ` after a wait of ${ms(waitedMs)}` : '';

const injected = ({ chaos }: AttemptRecord): string | undefined => chaos && `(chaos: ${chaos.join(', ')})`;

const sentences = { no: 'not sent', maybe: 'maybe sent' } as const;

function decision(attempt: AttemptRecord): string {
  const asked = attempt.retryAfterMs === undefined ? '' : ` (asked to wait ${ms(attempt.retryAfterMs)})`;
  if (attempt.reason === 'retried') return `retried after ${ms(attempt.delayMs ?? 0)}${asked}`;
  if (attempt.reason === 'lost') return 'another attempt was faster';
  if (attempt.reason === 'hedged') return `another attempt was under way${asked}`;
  const why =
    attempt.emptyBudgetOf === undefined
      ? reasons[attempt.reason]
      : `the retry budget of the outer call, to ${attempt.emptyBudgetOf}, is empty`;
  return why ? `not retried: ${why}${asked}` : '';
}

const reasons: Partial<Record<AttemptRecord['reason'], string>> = {
  'not-repeatable': 'the method is not idempotent and there is no Idempotency-Key',
  'body-not-replayable': 'the body is a stream and can be sent only once',
  'retries-exhausted': 'no retries left',
  elapsed: 'past retry.maxElapsedMs',
  deadline: 'it would not fit the total timeout',
  'budget-empty': 'the retry budget of the host is empty',
  'circuit-open': 'the circuit of the host is open',
  overloaded: 'the host is overloaded',
  vetoed: 'retry.shouldRetry said no',
  aborted: 'the call was aborted',
};

const count = (attempts: number): string => (attempts === 1 ? '1 attempt' : `${attempts} attempts`);

const ms = (value: number): string => `${Math.round(value)} ms`;
