/** One host of the service: some workers and one bounded queue, first come first served. */
import type { WorkRecord } from './recording.ts';
import type { Scheduled, VirtualTime } from './virtual-time.ts';

/** A request as the station sees it. */
export interface Job {
  readonly workMs: number;
  /** The client has hung up. */
  isGone(): boolean;
  done(): void;
  /** The queue was full. */
  turnedAway(): void;
  /** The connection broke. */
  reset(): void;
}

export interface StationOptions {
  readonly workers: number;
  readonly maxQueued: number;
  /** What saying no costs a worker. */
  readonly refusalMs: number;
  /** Also executes queued work whose client has gone. */
  readonly servesTheGone: boolean;
}

export class Station {
  #workers: number;
  /** Working time owed for refusals; whoever finishes next pays it. */
  #owedMs = 0;
  #queue: Job[] = [];
  /** One entry per busy worker: the end of its work, and the job, if it is not paying for refusals. */
  readonly #busy = new Map<Scheduled, Job | undefined>();
  readonly #options: StationOptions;
  readonly #time: VirtualTime;
  readonly #work: WorkRecord[];

  constructor(time: VirtualTime, options: StationOptions, work: WorkRecord[]) {
    this.#time = time;
    this.#options = options;
    this.#workers = options.workers;
    this.#work = work;
  }

  submit(job: Job): void {
    if (this.#busy.size < this.#workers) this.#start(job);
    else if (this.#queue.length < this.#options.maxQueued) this.#queue.push(job);
    else this.#turnAway(job);
  }

  /** Fewer workers finish what they run; more start at once. */
  setWorkers(workers: number): void {
    this.#workers = workers;
    this.#startQueued();
  }

  /** Breaks every connection, as a crash does. */
  reset(): void {
    const jobs = [...this.#busy.values(), ...this.#queue];
    for (const end of this.#busy.keys()) this.#time.cancel(end);
    this.#busy.clear();
    this.#queue = [];
    this.#owedMs = 0;
    for (const job of jobs) job?.reset();
  }

  #turnAway(job: Job): void {
    this.#owedMs += this.#options.refusalMs;
    job.turnedAway();
  }

  #start(job: Job): void {
    this.#occupy(job.workMs, job, () => {
      this.#work.push({ atMs: this.#time.nowMs, workMs: job.workMs, wasted: job.isGone() });
      job.done();
      this.#payRefusals();
    });
  }

  #payRefusals(): void {
    const owedMs = this.#owedMs;
    this.#owedMs = 0;
    if (owedMs > 0) this.#occupy(owedMs, undefined, () => this.#startQueued());
    else this.#startQueued();
  }

  #occupy(workMs: number, job: Job | undefined, then: () => void): void {
    const end = this.#time.schedule(workMs, () => {
      this.#busy.delete(end);
      then();
    });
    this.#busy.set(end, job);
  }

  #startQueued(): void {
    while (this.#busy.size < this.#workers && this.#queue.length > 0) {
      const job = this.#queue.shift()!;
      if (this.#options.servesTheGone || !job.isGone()) this.#start(job);
    }
  }
}
