import { type Emit, type HoldfastEvent, tellSafely } from '../pipeline/events.ts';

/** Someone who wants to hear of events, at least at times. */
export interface Listener {
  /** Looked at once per call, so it has to be cheap. */
  isOn(): boolean;
  /** What it throws breaks no call. */
  hear(event: HoldfastEvent): void;
}

/** Tells everyone who listens at present. With nobody there, there is nothing to call, and no event is built. */
export class EventHub {
  readonly #listeners: readonly Listener[];
  /** Who was on when `#emit` was made, one bit each. */
  #present = 0;
  #emit: Emit;

  constructor(listeners: readonly Listener[]) {
    this.#listeners = listeners;
  }

  /** How to tell those who are on now; undefined for nobody. */
  get emit(): Emit {
    let present = 0;
    for (let index = 0; index < this.#listeners.length; index++) {
      if (this.#listeners[index]?.isOn()) present |= 1 << index;
    }
    if (present !== this.#present) {
      this.#present = present;
      this.#emit = tellAll(this.#listeners.filter((_, index) => present & (1 << index)));
    }
    return this.#emit;
  }
}

function tellAll(listeners: readonly Listener[]): Emit {
  if (listeners.length === 0) return undefined;
  return event => {
    for (const listener of listeners) tellSafely(each => listener.hear(each), event, reportOnce);
  };
}

let reported = false;

/** A logger or an exporter that throws would do so all the time. */
function reportOnce(error: unknown): void {
  if (reported) return;
  reported = true;
  console.error('holdfast: a listener threw; calls go on, further throws stay silent.', error);
}
