/** What is being done, for who waits at a terminal. */
import { clearLine, cursorTo } from 'node:readline';
import type { Clock, Timer } from '../pipeline/clock.ts';

/** Who waits for less need not know. */
const patienceMs = 1_000;

export interface Terminal extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * One line that is written over, and gone at the end. It comes once things have taken a while; to anything that is no
 * terminal it never comes.
 */
export class Progress {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #message = '';
  #isShown = false;
  #timer: Timer | undefined;

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  /** Since the beginning. */
  get seconds(): number {
    return (this.#clock.now() - this.#startedAt) / 1_000;
  }

  say(message: string): void {
    if (this.#terminal.isTTY !== true) return;
    this.#message = message;
    this.#clock.clearTimer(this.#timer);
    const remaining = patienceMs - (this.#clock.now() - this.#startedAt);
    if (remaining <= 0) this.#show();
    else this.#timer = this.#clock.setTimer(() => this.#show(), remaining);
  }

  /** Before anything else is written. */
  end(): void {
    this.#clock.clearTimer(this.#timer);
    if (this.#isShown) this.#clear();
    this.#isShown = false;
  }

  #show(): void {
    if (this.#isShown) this.#clear();
    // A line that wraps could not be taken back.
    this.#terminal.write(`${this.#message} …`.slice(0, (this.#terminal.columns ?? 80) - 1));
    this.#isShown = true;
  }

  #clear(): void {
    cursorTo(this.#terminal, 0);
    clearLine(this.#terminal, 0);
  }
}
