/** Counted since the host was first called. */
export interface HostCounters {
  /** Logical calls. */
  calls: number;
  /** Trips to the transport, first attempts included. */
  attempts: number;
  /** Attempts after the first of their call. */
  retries: number;
  /** Calls that were retried at least once. */
  retriedCalls: number;
  /** Of these, the calls that a retry saved; over `retriedCalls` it is the retry success rate. */
  recoveredCalls: number;
  /** Retries that were due and refused: budget empty, circuit open, no time left, or in another way before it was sent. */
  retriesRefused: number;
  /** Attempts that were sent beside one that had not answered yet; among the attempts, and no retries. */
  hedges: number;
  /** Of these, the ones that answered first. */
  hedgesWon: number;
  /** Attempts refused before sending: circuit open, host paused or overloaded, rate limited. */
  rejected: number;
}

/** A kind of state that a policy keeps per host, and how a fresh one is made. */
export class HostPart<State> {
  static #count = 0;
  readonly index: number = HostPart.#count++;
  readonly create: (host: HostState) => State;

  constructor(create: (host: HostState) => State) {
    this.create = create;
  }
}

/**
 * What outlives the calls to one host. It knows no policy: each policy keeps its own part here and finds it again.
 */
export class HostState {
  /** What the host is found by; its origin unless `hostKey` says otherwise. */
  readonly key: string;
  /** A URL of the host: the one that it was first called by. */
  readonly url: URL;
  readonly counters: HostCounters = {
    calls: 0,
    attempts: 0,
    retries: 0,
    retriedCalls: 0,
    recoveredCalls: 0,
    retriesRefused: 0,
    hedges: 0,
    hedgesWon: 0,
    rejected: 0,
  };
  /** Calls whose response has not ended yet. A host with any is not idle. */
  active = 0;
  /** Held by hand: not to be forgotten however long it is idle. */
  pinned = false;
  readonly #parts: unknown[] = [];

  constructor(key: string, url: URL) {
    this.key = key;
    this.url = url;
  }

  /** The state that a policy keeps for this host, made on first use. */
  part<State>(part: HostPart<State>): State {
    this.#parts[part.index] ??= part.create(this);
    return this.#parts[part.index] as State;
  }

  /** The same, without making one. */
  peek<State>(part: HostPart<State>): State | undefined {
    return this.#parts[part.index] as State | undefined;
  }
}
