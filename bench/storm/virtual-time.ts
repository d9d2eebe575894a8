/** Time that jumps from event to event. */

/** Something that will happen; `cancel` it by dropping its action. */
export interface Scheduled {
  readonly atMs: number;
  /** Breaks ties: what was scheduled first happens first. */
  readonly order: number;
  action: (() => void) | undefined;
}

// Captured before any global is replaced: the one thing here that belongs to real time.
const nextRealTurn = setImmediate;

export class VirtualTime {
  #nowMs = 0;
  #order = 0;
  readonly #heap: Scheduled[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, action: () => void): Scheduled {
    const event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, action };
    push(this.#heap, event);
    return event;
  }

  cancel(event: Scheduled): void {
    event.action = undefined;
  }

  /**
   * Lets time pass until `untilMs`, one event per turn of the real event loop. A turn runs every microtask and
   * every `nextTick` that the event has caused, so all promise chains have settled before time moves on.
   */
  run(untilMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () => {
        try {
          if (this.#step(untilMs)) nextRealTurn(turn);
          else resolve();
        } catch (error) {
          reject(error);
        }
      };
      nextRealTurn(turn);
    });
  }

  /** Runs the next event up to `untilMs`; false when there is none left. */
  #step(untilMs: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) {
        this.#nowMs = untilMs;
        return false;
      }
      pop(this.#heap);
      if (next.action === undefined) continue;
      this.#nowMs = next.atMs;
      const { action } = next;
      next.action = undefined;
      action();
      return true;
    }
  }
}

const isBefore = (a: Scheduled, b: Scheduled): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** A binary heap in an array: the earliest event is at index 0. */
function push(heap: Scheduled[], event: Scheduled): void {
  let index = heap.length;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(event, heap[parent]!)) break;
    heap[index] = heap[parent]!;
    index = parent;
  }
  heap[index] = event;
}

function pop(heap: Scheduled[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, last)) break;
    heap[index] = heap[child]!;
    index = child;
  }
  heap[index] = last;
}
