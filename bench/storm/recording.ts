/** What a run leaves behind: every call and every attempt, in virtual milliseconds. */

export interface CallRecord {
  readonly index: number;
  readonly client: number;
  readonly host: number;
  readonly arrivedAtMs: number;
  readonly attempts: AttemptRecord[];
  settledAtMs: number | undefined;
  /** The caller got a 2xx response and read it. */
  succeeded: boolean;
  /** The client refused an attempt of its own accord and said so, or failed without having sent anything. */
  rejectedLocally: boolean;
  /** How often the service has executed it; more than once is a duplicate. */
  executions: number;
}

export interface AttemptRecord {
  readonly startedAtMs: number;
  /** Until its response headers, its failure, or its abort; undefined while in flight. */
  endedAtMs: number | undefined;
  end: 'answered' | 'failed' | 'aborted' | undefined;
  /** The earliest moment for the next attempt of the same call, where the answer named one. */
  retryAfterAtMs: number;
  /** The client's own circuit was open when it sent this. */
  sentWhileOpen: boolean;
}

/** A piece of the service's working time. */
export interface WorkRecord {
  readonly atMs: number;
  readonly workMs: number;
  /** Nobody was waiting for it any more. */
  readonly wasted: boolean;
}

/** What a candidate had not cleaned up when its last call had settled. */
export interface Leftovers {
  readonly timers: number;
  readonly listeners: number;
  /** Response bodies neither read to the end nor cancelled. */
  readonly bodies: number;
  /** Attempts still in flight after their call had settled. */
  readonly orphans: number;
  readonly unhandledRejections: number;
}

export interface Recording {
  readonly calls: readonly CallRecord[];
  readonly work: readonly WorkRecord[];
  readonly peakInFlight: number;
  /** Mean over the run, sampled; and the highest sample. */
  readonly liveTimers: { readonly mean: number; readonly peak: number };
  readonly left: Leftovers;
}
