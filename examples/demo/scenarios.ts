import type { Fault } from './service/protocol.ts';

/** One part of the script. */
export interface Phase {
  readonly fault: Fault;
  /** Fits over a few columns of the live picture. */
  readonly label: string;
  readonly title: string;
  /** What becomes of requests meanwhile. */
  readonly says: string;
  /** Its share of the whole script. */
  readonly weight: number;
}

/** A phase with its place in time, in milliseconds since the traffic began. */
export interface TimedPhase extends Phase {
  readonly index: number;
  readonly startMs: number;
  readonly endMs: number;
}

const healthy = (weight: number): Phase => ({
  fault: 'healthy',
  label: 'ok',
  title: 'healthy',
  says: 'every answer within 10–40 ms',
  weight,
});

const slow: Phase = {
  fault: 'slow',
  label: 'slow',
  title: 'slow answers',
  says: 'one answer in four takes 1.5–6 s',
  weight: 3,
};

const overload: Phase = {
  fault: 'overload',
  label: '503',
  title: '503, Retry-After',
  says: 'refuses, and says for how long, one second out of two',
  weight: 4,
};

const reset: Phase = {
  fault: 'reset',
  label: 'reset',
  title: 'resets',
  says: '30 % reset after doing the work, before the answer',
  weight: 2,
};

const midBodyReset: Phase = {
  fault: 'mid-body-reset',
  label: 'cut',
  title: 'mid-body resets',
  says: '30 % reset in the middle of the answer',
  weight: 1.5,
};

const blackHole: Phase = {
  fault: 'black-hole',
  label: 'black hole',
  title: 'black hole',
  says: 'requests are accepted and never answered',
  weight: 3.5,
};

const crash: Phase = {
  fault: 'crash',
  label: 'crash',
  title: 'crash, restart',
  says: 'the process is killed twice, and restarted as systemd would',
  weight: 2,
};

/** A scenario is phases in their order. The single faults stand between two healthy stretches. */
export const scenarios: Readonly<Record<string, readonly Phase[]>> = {
  full: [healthy(1), slow, overload, reset, midBodyReset, blackHole, healthy(2.5), crash, healthy(2.5)],
  healthy: [healthy(4)],
  slow: around(slow),
  overload: around(overload),
  reset: around(reset),
  'mid-body-reset': around(midBodyReset),
  'black-hole': around(blackHole),
  crash: around(crash),
};

function around(phase: Phase): Phase[] {
  return [healthy(phase.weight / 4), phase, healthy(phase.weight / 2)];
}

/** Spreads the phases over the time there is. */
export function timed(phases: readonly Phase[], totalMs: number): TimedPhase[] {
  const weights = phases.reduce((sum, phase) => sum + phase.weight, 0);
  let weightBefore = 0;
  return phases.map((phase, index) => {
    const startMs = (totalMs * weightBefore) / weights;
    weightBefore += phase.weight;
    return { ...phase, index, startMs, endMs: (totalMs * weightBefore) / weights };
  });
}
