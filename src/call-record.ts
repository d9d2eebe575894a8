import type { Sent } from './http/failure.ts';
import type { Phase } from './http/phase.ts';
import { redactUrl } from './http/redact.ts';
import { createStamp } from './http/stamp.ts';

/** What an attempt came to. `rejected`: we refused it before sending. */
export type OutcomeKind = 'success' | 'transient' | 'permanent' | 'cancelled' | 'rejected';

/** Why a finished attempt was, or was not, followed by a retry. */
export type RetryReason =
  | 'retried'
  | 'succeeded'
  | 'not-transient'
  | 'not-repeatable'
  | 'body-not-replayable'
  | 'retries-exhausted'
  | 'elapsed'
  | 'deadline'
  | 'budget-empty'
  | 'circuit-open'
  | 'vetoed'
  | 'aborted'
  | 'rejected'
  | 'no-retry-policy';

/** One attempt, as it went. Times are milliseconds; `startMs` counts from the start of the call. */
export interface AttemptRecord {
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly startMs: number;
  /** Until the response headers or the failure; undefined while the attempt is running. */
  durationMs: number | undefined;
  outcome: OutcomeKind | undefined;
  /** How far it got; `no` until it is handed to the transport. */
  sent: Sent;
  /** What it was at when it ended; not there with a transport that does not tell, as `fetch`. */
  phase?: Phase | undefined;
  /** The HTTP status, if the server answered. */
  status: number | undefined;
  /** What failed: a system or transport code such as `ECONNRESET`, or one of our own such as `TIMEOUT`. */
  code: string | undefined;
  reason: RetryReason;
  /** How long the call waited before the attempt that followed this one. */
  delayMs: number | undefined;
  /** How long the attempt waited for the end of a pause of the host before it was sent; not part of `durationMs`. */
  waitedMs: number;
  /** How long the server asked us to stay away, if it did. */
  retryAfterMs: number | undefined;
  /** What was done to it on purpose; not there without `chaos()` of `holdfast/chaos`. */
  chaos?: readonly string[];
}

/**
 * Whether an attempt was an attempt at all: not refused by us, nor given up before it was handed to the transport. One
 * that found nobody listening was, although nothing of it was sent.
 */
export const isSent = ({ outcome, sent }: Pick<AttemptRecord, 'outcome' | 'sent'>): boolean =>
  sent !== 'no' || (outcome !== undefined && outcome !== 'cancelled' && outcome !== 'rejected');

/** What knows how far an attempt is that is under way. Not a member: most transports have none. */
const followed = createStamp<{ readonly phase: Phase }>();

/** As long as the record of the attempt says nothing of its phase, `progress` does. */
export function follow(attempt: AttemptRecord, progress: { readonly phase: Phase }): void {
  followed.set(attempt, progress);
}

/** The story of one call. Shared by all its branches, which only add to it. */
export class CallRecord {
  readonly method: string;
  /** Key of the host's state; its origin unless `hostKey` says otherwise. */
  readonly host: string;
  /** On the runtime's clock, in milliseconds. */
  readonly startedAt: number;
  attempts: readonly AttemptRecord[] = [];
  /** How long the call took until its response headers, or its error; undefined while it is on its way. */
  durationMs: number | undefined;
  /** State of the host's circuit when the call settled. */
  circuit: 'closed' | 'open' | 'half-open' | 'isolated' | undefined;
  /** Name of the substitute that answered in place of the service, if one did. */
  fallback: string | undefined;
  /** W3C trace id of the call, if it is traced. */
  traceId: string | undefined;
  /** As text: a response keeps its record, and need not keep a URL as well. */
  readonly #href: string;
  readonly #redact: ((url: string) => string) | undefined;

  /** @param redact - takes out what is secret beyond what we know of. */
  constructor(
    method: string,
    url: { readonly href: string },
    host: string,
    startedAt: number,
    redact?: (url: string) => string,
  ) {
    this.method = method;
    this.#href = url.href;
    this.host = host;
    this.startedAt = startedAt;
    this.#redact = redact;
  }

  /** Without credentials and signatures, fit for logs. */
  get url(): string {
    const url = redactUrl(this.#href);
    if (!this.#redact) return url;
    try {
      return String(this.#redact(url));
    } catch {
      // What it would have taken out is not known: only the origin is sure to be none of it.
      return new URL(url).origin;
    }
  }

  /** What the latest attempt is at, as far as the transport tells. */
  get phase(): Phase | undefined {
    const latest = this.attempts.at(-1);
    return latest && (latest.phase ?? followed.get(latest)?.phase);
  }

  /** Without those that were refused, or given up, before they were sent. */
  get sentAttempts(): number {
    return this.attempts.filter(isSent).length;
  }

  /** One more attempt. A new array each time: one that grows reserves room for seventeen. */
  begin(attempt: AttemptRecord): void {
    this.attempts = [...this.attempts, attempt];
  }

  /** How far the call got: as far as the attempt that got furthest. */
  furthest(least: Sent): Sent {
    const reached = [least, ...this.attempts.map(({ sent }) => sent)];
    return reached.find(sent => sent === 'yes') ?? reached.find(sent => sent === 'maybe') ?? 'no';
  }

  /** How long an attempt has been running at an instant, without what it waited before it was sent. */
  ranMs({ startMs, waitedMs }: AttemptRecord, now: number): number {
    return now - this.startedAt - startMs - waitedMs;
  }

  /** The record of an attempt, by its number. */
  attempt(number: number): AttemptRecord | undefined {
    return this.attempts.findLast(({ attempt }) => attempt === number);
  }
}
