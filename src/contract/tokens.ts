/** One token for all who ask, got when it is needed and kept as long as it is good. */
import type { Clock } from '../pipeline/clock.ts';

/** A token that is good until an instant. */
export interface ExpiringToken {
  readonly token: string;
  /** Milliseconds from now until it expires; Infinity for one that is good until it is refused. */
  readonly expiresInMs: number;
}

type TokenGiven = string | ExpiringToken;
type TokenFunction = () => TokenGiven | Promise<TokenGiven>;

/**
 * Where a token comes from: itself, or a function that gets one. One with an expiry is kept and got again in time; a
 * text is asked for at each call, by way of a function that keeps its tokens itself.
 */
export type TokenSource = string | TokenFunction;

/** Got again when this share of its life is left, or this much of it if that is less: a call takes its time. */
const earlyRatio = 0.1;
const maxEarlyMs = 60_000;

/** A function that has not answered for so long will not: the next that needs a token asks again. */
export const maxAuthMs = 30_000;

/**
 * A token that is refused so soon after it came in the place of a refused one is not why. A service that refuses them
 * all is not to be met with twice the calls, and its token endpoint with one for each.
 */
const renewalPauseMs = 10_000;

interface KeptToken {
  readonly token: string;
  /** When the next one is asked for. */
  readonly dueAt: number;
  readonly expiresAt: number;
}

/** A token that is on its way. */
interface Asking {
  readonly askedAt: number;
  token?: Promise<string>;
}

/** The tokens of a function. */
export class Tokens {
  readonly #source: TokenFunction;
  #kept: KeptToken | undefined;
  #asking: Asking | undefined;
  #renewed: { readonly token: string; readonly at: number } | undefined;

  constructor(source: TokenFunction) {
    this.#source = source;
  }

  /** At once, where there is one. All who have to wait wait for the same. */
  get(clock: Clock): string | Promise<string> {
    const kept = this.#kept;
    const now = clock.now();
    if (kept && now < kept.dueAt) return kept.token;
    const next = this.#next(clock);
    if (!kept || now >= kept.expiresAt) return next;
    // Nobody waits for it as yet. If it fails, the call after this one asks again.
    next.catch(() => {});
    return kept.token;
  }

  /** Another one than that which was refused; undefined if there is none, or it would do no better. */
  async renew(refused: string, clock: Clock): Promise<string | undefined> {
    const isFresh = this.#renewed?.token === refused && clock.now() < this.#renewed.at + renewalPauseMs;
    if (isFresh) return undefined;
    if (this.#kept?.token === refused) this.#kept = undefined;
    const token = await this.get(clock);
    if (token === refused) return undefined;
    if (this.#renewed?.token !== token) this.#renewed = { token, at: clock.now() };
    return token;
  }

  #next(clock: Clock): Promise<string> {
    const now = clock.now();
    const { askedAt = Number.NEGATIVE_INFINITY, token } = this.#asking ?? {};
    if (token && now < askedAt + maxAuthMs) return token;
    const asking: Asking = { askedAt: now };
    this.#asking = asking;
    asking.token = this.#ask(asking, clock);
    return asking.token;
  }

  async #ask(asking: Asking, clock: Clock): Promise<string> {
    try {
      const given = await this.#source();
      if (typeof given === 'string') return requireToken(given);
      const token = requireToken(given?.token);
      const kept = keptFor(token, given.expiresInMs, clock.now());
      // One that was given up is not to stand in the place of one that came after it.
      if (this.#asking === asking) this.#kept = kept;
      return token;
    } finally {
      if (this.#asking === asking) this.#asking = undefined;
    }
  }
}

function keptFor(token: string, lifeMs: unknown, now: number): KeptToken {
  if (typeof lifeMs !== 'number') throw wrongLife(`got ${typeof lifeMs}`);
  if (!(lifeMs >= 0)) throw wrongLife(`got ${lifeMs}`);
  const expiresAt = now + lifeMs;
  return { token, dueAt: expiresAt - Math.min(maxEarlyMs, lifeMs * earlyRatio), expiresAt };
}

const wrongLife = (got: string): TypeError =>
  new TypeError(`\`expiresInMs\` of a token should be a number of at least 0, ${got}.`);

/** RFC 6750 §2.1, which leaves nothing that could end the header. The token itself stays out of the message. */
export function requireToken(token: unknown): string {
  if (typeof token === 'string' && /^[\w.~+/-]+=*$/.test(token)) return token;
  const what = typeof token === 'string' ? 'one with other characters, or an empty one' : typeof token;
  throw new TypeError(
    `A bearer token should consist of letters, digits and -._~+/ with = at the end, got ${what}.`,
  );
}
