/** The storms: a healthy service, and what goes wrong with it when. */
import { type Fate, type Service, served } from './service.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Scenario {
  readonly id: string;
  readonly name: string;
  readonly what: string;
  readonly clients: number;
  readonly hosts: number;
  /** Of all clients together. */
  readonly callsPerSecond: number;
  readonly method: 'GET' | 'POST';
  /** Every call carries an `Idempotency-Key` of its own. */
  readonly keyed: boolean;
  /** Every call carries the same long-lived signal. */
  readonly sharesSignal: boolean;
  readonly workers: number;
  readonly maxQueued: number;
  readonly refusalMs: number;
  readonly servesTheGone: boolean;
  /** The fault, from its first to its last millisecond; what comes before is warm-up. */
  readonly fault: Span;
  readonly endMs: number;
  /** Sets up what happens when. */
  play(service: Service, time: VirtualTime): void;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const meanWorkMs = 40;
const warmUpMs = 10_000;
const calmMs = 30_000;
const callsPerSecond = 200;

/** Half loaded: 8 of its 16 workers are busy on average. */
const healthy = {
  clients: 20,
  hosts: 1,
  callsPerSecond,
  method: 'GET',
  keyed: false,
  sharesSignal: false,
  workers: 16,
  maxQueued: 400,
  refusalMs: 0,
  servesTheGone: false,
} as const;

/** A fault that begins after the warm-up and leaves time to recover. */
const faultOf = (durationMs: number, afterMs = calmMs) => ({
  fault: { fromMs: warmUpMs, toMs: warmUpMs + durationMs },
  endMs: warmUpMs + durationMs + afterMs,
});

const refused: Fate = { kind: 'refuse' };
const swallowed: Fate = { kind: 'swallow' };
const unavailable: Fate = { kind: 'answer', status: 503 };
const tooMany: Fate = { kind: 'answer', status: 429, retryAfterS: 2 };

/** During the fault every attempt meets `fate`; before and after it is served. */
function during(
  scenario: { readonly fault: Span },
  service: Service,
  time: VirtualTime,
  fate: Service['fateOf'],
) {
  const { fromMs, toMs } = scenario.fault;
  time.schedule(fromMs, () => {
    service.fateOf = fate;
  });
  time.schedule(toMs, () => {
    service.fateOf = () => served;
  });
}

/** The process dies: running work is reset, nothing listens. */
function crash(scenario: { readonly fault: Span }, service: Service, time: VirtualTime) {
  during(scenario, service, time, () => refused);
  time.schedule(scenario.fault.fromMs, () => service.stations[0]!.reset());
}

/** Something goes wrong independently for each attempt, with this probability. */
const sometimes =
  (ratio: number, fate: Fate): Service['fateOf'] =>
  ({ luck }) =>
    luck() < ratio ? fate : served;

/** Load and capacity of the metastable scenarios, in workers: 10 would just do. */
const capacity = { before: 15, during: 6, after: 13 };

const capacityDrop = {
  ...healthy,
  callsPerSecond: 250,
  workers: capacity.before,
  // Three seconds of work for what is left afterwards.
  maxQueued: (3_000 * capacity.after) / meanWorkMs,
  refusalMs: 2,
  ...faultOf(20_000, 60_000),
  play(service: Service, time: VirtualTime) {
    const { fromMs, toMs } = this.fault;
    time.schedule(fromMs, () => service.stations[0]!.setWorkers(capacity.during));
    time.schedule(toMs, () => service.stations[0]!.setWorkers(capacity.after));
  },
} as const;

const restartMs = 5_000;

const rolling = {
  ...healthy,
  hosts: 10,
  workers: 4,
  fault: { fromMs: warmUpMs, toMs: warmUpMs + 10 * restartMs },
  endMs: 72_000,
} as const;

/** When a host of the rolling restart is down. */
export const downtimeOf = (host: number): Span => ({
  fromMs: warmUpMs + host * restartMs,
  toMs: warmUpMs + (host + 1) * restartMs,
});

const lossy: Service['fateOf'] = ({ luck }) => {
  const dice = luck();
  if (dice < 0.3) return { kind: 'lose' };
  if (dice < 0.5) return refused;
  if (dice < 0.6) return { kind: 'serve', extraDelayMs: 3_000 };
  if (dice < 0.7) return unavailable;
  return served;
};

const lossyPosts = {
  ...healthy,
  method: 'POST',
  ...faultOf(20_000),
  play(service: Service, time: VirtualTime) {
    during(this, service, time, lossy);
  },
} as const;

export const scenarios: readonly Scenario[] = [
  {
    ...healthy,
    id: '1',
    name: 'healthy',
    what: '200 calls per second at 50 % load',
    ...faultOf(30_000, 0),
    play() {},
  },
  {
    ...healthy,
    id: '2',
    name: 'refuse',
    what: '30 s of refused connections; running work is reset',
    ...faultOf(30_000),
    play(service, time) {
      crash(this, service, time);
    },
  },
  {
    ...healthy,
    id: '3',
    name: 'hole',
    what: '30 s without any answer',
    ...faultOf(30_000),
    play(service, time) {
      during(this, service, time, () => swallowed);
    },
  },
  {
    ...healthy,
    id: '4',
    name: 'brownout',
    what: '60 s in which a fifth of the attempts is answered 503',
    ...faultOf(60_000),
    play(service, time) {
      during(this, service, time, sometimes(0.2, unavailable));
    },
  },
  {
    ...capacityDrop,
    id: '5',
    name: 'capacity drop',
    what: '250 calls per second of 40 ms; capacity falls from 150 % to 60 % of that for 20 s, then 130 %',
  },
  {
    ...capacityDrop,
    id: '5b',
    name: 'zombie',
    what: 'as 5; the server also works for clients that have gone',
    servesTheGone: true,
  },
  {
    ...healthy,
    id: '6',
    name: 'latency',
    what: '5 % of the answers take ten times as long',
    workers: 24,
    ...faultOf(60_000, 0),
    play(service, time) {
      during(this, service, time, sometimes(0.05, { kind: 'serve', workFactor: 10 }));
    },
  },
  {
    ...rolling,
    id: '7',
    name: 'rolling restart',
    what: '10 hosts, each down for 5 s in turn; every call is bound to its host',
    play(service, time) {
      service.fateOf = ({ host }) => (isWithin(downtimeOf(host), time.nowMs) ? refused : served);
      for (const [host, station] of service.stations.entries())
        time.schedule(downtimeOf(host).fromMs, () => station.reset());
    },
  },
  {
    ...healthy,
    id: '8',
    name: '429',
    what: '20 s of 429 with Retry-After: 2',
    ...faultOf(20_000),
    play(service, time) {
      during(this, service, time, () => tooMany);
    },
  },
  {
    ...healthy,
    id: '8b',
    name: 'quota',
    what: '20 s in which half the load is allowed, the rest is answered 429 with Retry-After: 2',
    ...faultOf(20_000),
    play(service, time) {
      const allowed = tokenBucket(time, callsPerSecond / 2, 10);
      during(this, service, time, () => (allowed() ? served : tooMany));
    },
  },
  {
    ...lossyPosts,
    id: '9a',
    name: 'lossy POST',
    what: '20 s in which 30 % of the POSTs are executed unheard, 20 % refused, 10 % 3 s late, 10 % answered 503',
  },
  {
    ...lossyPosts,
    id: '9b',
    name: 'lossy keyed POST',
    what: 'as 9a, each call with an Idempotency-Key',
    keyed: true,
  },
  {
    ...healthy,
    id: '10',
    name: 'recovery',
    what: '100 clients at 2 calls per second, 45 s of refused connections',
    clients: 100,
    ...faultOf(45_000),
    play(service, time) {
      crash(this, service, time);
    },
  },
  {
    ...healthy,
    id: '11',
    name: 'hygiene',
    what: '30 s in which 30 % of the attempts are answered 503; all calls share one long-lived signal',
    sharesSignal: true,
    ...faultOf(30_000, 0),
    play(service, time) {
      during(this, service, time, sometimes(0.3, unavailable));
    },
  },
];

export const isWithin = (span: Span, atMs: number): boolean => span.fromMs <= atMs && atMs < span.toMs;

/** Says yes `perSecond` times a second, and up to `burst` times at once. */
function tokenBucket(time: VirtualTime, perSecond: number, burst: number): () => boolean {
  let tokens = burst;
  let filledAtMs = time.nowMs;
  return () => {
    tokens = Math.min(burst, tokens + ((time.nowMs - filledAtMs) / 1_000) * perSecond);
    filledAtMs = time.nowMs;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}
