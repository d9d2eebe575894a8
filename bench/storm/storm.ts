/** Runs one candidate through one scenario, and writes down what happened. */
import { getEventListeners } from 'node:events';
import type { Candidate, Client } from './candidate.ts';
import { type FakeGlobals, fakeGlobals } from './fake-globals.ts';
import { exponential, mixSeed, type Random, randomFrom } from './random.ts';
import type { CallRecord, Leftovers, Recording } from './recording.ts';
import { meanWorkMs, type Scenario } from './scenarios.ts';
import { Service } from './service.ts';
import { VirtualTime } from './virtual-time.ts';

/** Long enough for any call that arrived last to settle. */
const settlingMs = 10_000;

/** The streams of chance that are not about a single call. */
const stream = { arrivals: 1, service: 2, clients: 3 };

export async function storm(candidate: Candidate, scenario: Scenario, seed: number): Promise<Recording> {
  const time = new VirtualTime();
  const globals = fakeGlobals(time, randomFrom(mixSeed(seed, stream.clients)));
  const rejections = countUnhandledRejections();
  try {
    const run = new Run(candidate, scenario, seed, time, globals);
    await time.run(scenario.endMs + settlingMs);
    return run.finish(rejections.count);
  } finally {
    rejections.stop();
    globals.restore();
  }
}

class Run {
  readonly #calls: CallRecord[] = [];
  readonly #clients: readonly Client[];
  readonly #service: Service;
  readonly #scenario: Scenario;
  readonly #time: VirtualTime;
  readonly #globals: FakeGlobals;
  readonly #arrivals: Random;
  readonly #callerSignal = new AbortController().signal;
  readonly #timerSamples: number[] = [];
  #settled = 0;
  #orphans = 0;
  #timersWhenSettled = 0;

  constructor(
    candidate: Candidate,
    scenario: Scenario,
    seed: number,
    time: VirtualTime,
    globals: FakeGlobals,
  ) {
    this.#scenario = scenario;
    this.#time = time;
    this.#globals = globals;
    this.#arrivals = randomFrom(mixSeed(seed, stream.arrivals));
    this.#service = new Service(
      time,
      { ...scenario, meanWorkMs, seed: mixSeed(seed, stream.service) },
      this.#calls,
    );
    this.#clients = Array.from({ length: scenario.clients }, () =>
      candidate.open(this.#service.fetch, Math.random),
    );
    this.#service.isCircuitOpen = call => this.#clients[call.client]!.isOpen?.(Service.urlOf(call)) ?? false;
    scenario.play(this.#service, time);
    this.#scheduleArrival();
    this.#sampleTimers();
  }

  finish(unhandledRejections: number): Recording {
    const left = this.#leftovers(unhandledRejections);
    for (const client of this.#clients) client.close?.();
    return {
      calls: this.#calls,
      work: this.#service.work,
      peakInFlight: this.#service.peakInFlight,
      liveTimers: { mean: mean(this.#timerSamples), peak: Math.max(...this.#timerSamples) },
      left,
    };
  }

  /** Open loop: calls arrive whether or not the earlier ones were answered. */
  #scheduleArrival(): void {
    this.#time.schedule(exponential(this.#arrivals, 1_000 / this.#scenario.callsPerSecond), () => {
      if (this.#time.nowMs >= this.#scenario.endMs) return;
      const { clients, hosts } = this.#scenario;
      const call: CallRecord = {
        index: this.#calls.length,
        client: Math.floor(this.#arrivals() * clients),
        host: Math.floor(this.#arrivals() * hosts),
        arrivedAtMs: this.#time.nowMs,
        attempts: [],
        settledAtMs: undefined,
        succeeded: false,
        rejectedLocally: false,
        executions: 0,
      };
      this.#calls.push(call);
      this.#scheduleArrival();
      void this.#send(call);
    });
  }

  async #send(call: CallRecord): Promise<void> {
    const { method, keyed, sharesSignal } = this.#scenario;
    const client = this.#clients[call.client]!;
    try {
      const status = await client.send({
        url: Service.urlOf(call),
        method,
        headers: keyed ? { 'idempotency-key': `call-${call.index}` } : {},
        body: method === 'POST' ? '{"amount":1}' : undefined,
        signal: sharesSignal ? this.#callerSignal : undefined,
      });
      call.succeeded = status >= 200 && status < 300;
    } catch (error) {
      call.rejectedLocally = call.attempts.length === 0 || (client.isRejection?.(error) ?? false);
    }
    call.settledAtMs = this.#time.nowMs;
    this.#settled++;
    // A client may still clean up in the same instant.
    this.#time.schedule(0, () => this.#inspect(call));
  }

  #inspect(call: CallRecord): void {
    this.#orphans += call.attempts.filter(attempt => attempt.end === undefined).length;
    if (this.#time.nowMs >= this.#scenario.endMs || this.#settled === this.#calls.length)
      this.#timersWhenSettled = this.#globals.liveTimers;
  }

  #leftovers(unhandledRejections: number): Leftovers {
    return {
      timers: this.#timersWhenSettled,
      listeners: getEventListeners(this.#callerSignal, 'abort').length,
      bodies: this.#service.openBodies,
      orphans: this.#orphans,
      unhandledRejections,
    };
  }

  #sampleTimers(): void {
    if (this.#time.nowMs > this.#scenario.endMs) return;
    this.#timerSamples.push(this.#globals.liveTimers);
    this.#time.schedule(100, () => this.#sampleTimers());
  }
}

function countUnhandledRejections() {
  const counter = { count: 0, stop: () => process.off('unhandledRejection', hear) };
  const hear = () => {
    counter.count++;
  };
  process.on('unhandledRejection', hear);
  return counter;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
