/** What every way to find a limit is told, and tells. */
import type { ConcurrencyLimits } from './limits.ts';
import type { Sign } from './sign.ts';

/** An attempt that has ended. */
export interface Sample {
  readonly sign: Sign;
  /** How long it was under way, in milliseconds. */
  readonly ranMs: number;
  /** How long it might have taken; Infinity without a timeout. */
  readonly timeoutMs: number;
  /** Attempts that were under way beside it, itself included. */
  readonly inFlight: number;
  readonly now: number;
}

/** How long there has to be no sign of overload, and nobody kept waiting, until it is over, in milliseconds. */
export const calmMs = 5_000;

/** How a limit follows what a host can serve. */
export interface Algorithm {
  /** May change while it lives. */
  limits: ConcurrencyLimits;
  /** Attempts that may be under way at once, from 1; a fraction is on its way to the next whole number. */
  readonly limit: number;
  /** Whether the host has shown that it is overloaded, and not yet that it is well again. */
  readonly isOverloaded: boolean;
  /** The same at a time that has not been passed yet. */
  isOverloadedAt(now: number): boolean;
  /** The limit at such a time. */
  limitAt(now: number): number;
  /** Whether answers are late and nothing has failed: who waits is served in the end. */
  readonly isHolding: boolean;
  /** What time alone brings about, before somebody comes in. */
  passTime(now: number): void;
  take(sample: Sample): void;
  /** Somebody had to wait, or was refused. */
  onFull(now: number): void;
}
