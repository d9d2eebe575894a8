import type { QuotaReading } from '../../http/rate-limit.ts';
import type { RateLimits } from './limits.ts';

/** What is known of the quota that the server keeps. */
interface Quota {
  /** Requests that may still go before the reset. */
  left: number;
  /** When the reset comes. */
  until: number;
  /** Of the windows that follow, as far as the server has said. */
  limit: number | undefined;
  windowMs: number;
}

/** Whole seconds on the wire: resets that are closer than this are of one window. */
const sameWindowMs = 1_000;

/**
 * A token bucket, computed from the time whenever it is looked at: it keeps the instant at which it is full again, and
 * no tokens (the virtual scheduling of the generic cell rate algorithm, ITU-T I.371). Beside it, the server's own count.
 *
 * @see {@link https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm}
 */
export class TokenBucket {
  #burst: number;
  #intervalMs: number;
  #fullAt: number = Number.NEGATIVE_INFINITY;
  #quota: Quota | undefined;

  constructor({ perSecond, burst }: RateLimits) {
    this.#burst = burst;
    this.#intervalMs = 1_000 / perSecond;
  }

  /** What has been spent stays spent. */
  adopt({ perSecond, burst, adaptive }: RateLimits, now: number): void {
    const spent = this.#intervalMs > 0 ? Math.max(0, this.#fullAt - now) / this.#intervalMs : 0;
    this.#burst = burst;
    this.#intervalMs = 1_000 / perSecond;
    this.#fullAt = now + spent * this.#intervalMs;
    if (!adaptive) this.#quota = undefined;
  }

  /** Tokens in the bucket now, from 0 to `burst`; Infinity without a rate. */
  tokens(now: number): number {
    if (this.#intervalMs === 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#burst - Math.max(0, this.#fullAt - now) / this.#intervalMs);
  }

  /** How much the server says is left; undefined if it has not said. */
  left(now: number): number | undefined {
    const quota = this.#quotaAt(now);
    return quota && Math.max(0, quota.left);
  }

  /** When the next may go, if as many as `ahead` go before it: now, or later. */
  readyAt(now: number, ahead = 0): number {
    const tokensAt = Math.max(this.#fullAt, now) + (ahead + 1 - this.#burst) * this.#intervalMs;
    return Math.max(now, tokensAt, this.#quotaReadyAt(now, ahead));
  }

  take(now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now) + this.#intervalMs;
    const quota = this.#quotaAt(now);
    if (quota) quota.left--;
  }

  /** Of a request that was not sent after all. */
  giveBack(): void {
    this.#fullAt -= this.#intervalMs;
    if (this.#quota) this.#quota.left++;
  }

  /**
   * Takes in what the server says.
   *
   * @param inFlight - requests that are on their way: nobody knows which of them the server has counted already, so that
   * none is taken to be.
   * @returns whether nothing is left from now on, and was before.
   */
  learn({ remaining, limit, resetMs, windowMs }: QuotaReading, inFlight: number, now: number): boolean {
    const known = this.#quotaAt(now);
    const wasLeft = !known || known.left > 0;
    if (remaining === undefined) {
      if (known || limit === undefined) return false;
    } else if (resetMs <= 0) return false;
    const left = (remaining ?? (limit as number) - 1) - inFlight;
    const until = now + resetMs;
    if (known && Math.abs(known.until - until) <= sameWindowMs) {
      known.left = Math.min(known.left, left);
      known.until = Math.max(known.until, until);
      known.limit = limit ?? known.limit;
    } else
      this.#quota = { left, until, limit, windowMs: windowMs ?? Math.max(resetMs, known?.windowMs ?? 0) };
    return wasLeft && left <= 0;
  }

  /** What the server has said is as if it had not. */
  forget(): void {
    this.#quota = undefined;
  }

  /** After the reset there is a new window, if it is known how much may go in one; else nothing is known any more. */
  #quotaAt(now: number): Quota | undefined {
    const quota = this.#quota;
    if (!quota || now < quota.until) return quota;
    if (quota.limit === undefined) this.#quota = undefined;
    else this.#quota = { ...quota, left: quota.limit, until: now + quota.windowMs };
    return this.#quota;
  }

  #quotaReadyAt(now: number, ahead: number): number {
    const quota = this.#quotaAt(now);
    if (!quota || ahead < quota.left) return now;
    const behind = ahead - Math.max(0, quota.left);
    const windows = quota.limit === undefined ? 0 : Math.floor(behind / quota.limit);
    return quota.until + windows * quota.windowMs;
  }
}
