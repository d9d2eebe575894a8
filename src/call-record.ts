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
  | 'overloaded'
  | 'vetoed'
  | 'aborted'
  | 'rejected'
  | 'hedged'
  | 'lost'
  | 'no-retry-policy';

/** One attempt, as it went. Times are milliseconds; `startMs` counts from the start of the call. */
export interface AttemptRecord {
  /** 1 for the first attempt; retries and hedges are numbered as they come. */
  readonly attempt: number;
  /** Whether it was started beside one that had not answered yet; only there if it was. */
  hedge?: true;
  /** The origin that it went to; only there if the host has `endpoints`. */
  endpoint?: string;
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
  /**
   * How long the attempt waited before it was sent: for the end of a pause of the host, for the rate limit, for room. Not
   * part of `durationMs`.
   */
  waitedMs: number;
  /** How long the server asked us to stay away, if it did. */
  retryAfterMs: number | undefined;
  /** Whether it had no answer after `circuitBreaker.slowCallMs`, and has counted as failed since; not there if not. */
  isSlow?: true;
  /** With the reason `budget-empty`: the host of the outer call whose budget it was; not there if it was the call's own. */
  emptyBudgetOf?: string;
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

/** What is known of the call that another was made within. */
export interface OuterCallInfo {
  /** Undefined, as its host, for a request that the program itself serves (`withDeadline`). */
  readonly method: string | undefined;
  /** Key of the host's state, its origin by default. */
  readonly host: string | undefined;
}

/** How the call reads that another was made within. */
export const outerTitle = ({ method, host }: OuterCallInfo): string =>
  host === undefined ? 'request that it serves' : `${method} to ${host} that it is part of`;

/** What the cache had to do with the answer of a call. */
export interface CacheUse {
  /**
   * `hit`: kept and fresh; `stale`: kept, and past its freshness; `revalidated`: kept, and the service has said that it
   * still holds; `miss`: the service's own answer.
   */
  readonly status: 'hit' | 'stale' | 'revalidated' | 'miss';
  /** How old the answer is in milliseconds, counted from when its origin made it; undefined for a miss. */
  readonly ageMs: number | undefined;
  /**
   * Why a stale one is good enough: another is on its way, the service failed, its circuit is open, or the caller takes
   * it so.
   */
  readonly because: 'revalidating' | 'error' | 'circuit-open' | 'asked' | undefined;
}

/** The story of one call. Shared by all its branches, which only add to it. */
export class CallRecord {
  readonly method: string;
  /** Key of the host's state; its origin unless `hostKey` says otherwise. */
  readonly host: string;
  /** On the runtime's clock, in milliseconds. */
  readonly startedAt: number;
  attempts: readonly AttemptRecord[] = [];
  /** Number of the attempt whose outcome counts, where several may have run at once; undefined where none could. */
  decidedBy: number | undefined;
  /** How long the call took until its response headers, or its error; undefined while it is on its way. */
  durationMs: number | undefined;
  /** State of the host's circuit when the call settled; undefined if its policy has no breaker, unless isolated by hand. */
  circuit: 'closed' | 'open' | 'half-open' | 'isolated' | undefined;
  /** How long the call waited for its turn in the bulkhead, before its first attempt. */
  queuedMs = 0;
  /** Name of the substitute that answered in place of the service, if one did. */
  fallback: string | undefined;
  /** Whether it has joined the request of an earlier call that was the same; its attempts are those of that request. */
  coalesced = false;
  /**
   * Whether its attempts go on for others when it has ended.
   * @internal
   */
  isSurvived = false;
  /** What the cache had to do with the answer; undefined if it was not asked. */
  cache: CacheUse | undefined;
  /** W3C trace id of the call, if it is traced. */
  traceId: string | undefined;
  /** The call that this one was made within an attempt of, if it was and the nested guard is on. */
  outer: OuterCallInfo | undefined;
  /** Retries in vain by calls that were made within its attempts. They count among its own. */
  innerRetries = 0;
  /** As text: a response keeps its record, and need not keep a URL as well. */
  readonly #href: string;
  readonly #redact: ((url: string) => string) | undefined;
  /** Handed out so far; the first attempt has the first. */
  #numbers = 1;

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
    return this.redacted(this.#href);
  }

  /** Another URL of the same call, fit for logs. */
  redacted(href: string): string {
    const url = redactUrl(href);
    if (!this.#redact) return url;
    try {
      return String(this.#redact(url));
    } catch {
      // What it would have taken out is not known: only the origin is sure to be none of it.
      return new URL(url).origin;
    }
  }

  /** That of another call for the same, which begins now. */
  successor(startedAt: number): CallRecord {
    return new CallRecord(this.method, { href: this.#href }, this.host, startedAt, this.#redact);
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

  /** Those that were sent and followed one that had ended: without the first and without hedges. */
  get retries(): number {
    const others = this.attempts.filter(attempt => isSent(attempt) && !attempt.hedge);
    return Math.max(0, others.length - 1);
  }

  /** The attempt that the call has ended with. */
  get deciding(): AttemptRecord | undefined {
    return this.decidedBy === undefined ? this.attempts.at(-1) : this.attempt(this.decidedBy);
  }

  /** A number for an attempt after the first. */
  nextNumber(): number {
    return ++this.#numbers;
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

  /** Whether an attempt is held up by us now, once it was let through. */
  isHeldUp(attempt: AttemptRecord): boolean {
    return heldUp.has(attempt);
  }

  /** Until {@link CallRecord.letGo}. */
  holdUp(attempt: AttemptRecord): void {
    heldUp.add(attempt);
  }

  letGo(attempt: AttemptRecord): void {
    heldUp.delete(attempt);
  }

  /** How long an attempt has been running at an instant, without what it waited before it was sent. */
  ranMs({ startMs, waitedMs }: AttemptRecord, now: number): number {
    return now - this.startedAt - startMs - waitedMs;
  }

  /** The record of an attempt, by its number. */
  attempt(number: number): AttemptRecord | undefined {
    const latest = this.attempts[this.attempts.length - 1];
    return latest?.attempt === number ? latest : this.attempts.find(({ attempt }) => attempt === number);
  }
}

const heldUp = new WeakSet<AttemptRecord>();
