import { createLogUpdate } from 'log-update';
import { isAnswered, type LoggedCall } from '../call-log.ts';
import type { HoldfastClient } from '../holdfast-client.ts';
import { headline } from './headline.ts';
import { picture } from './picture.ts';
import { type Recent, recent } from './recent.ts';
import { clip, ms, padEnd, padStart, paint, percent } from './text.ts';
import { type Draw, phaseAt, type Scene } from './view.ts';

const FRAME_MS = 100;
const WINDOW_MS = 2_000;

/** Redraws the whole scene in place, ten times a second, and leaves the terminal clean. */
export const live: Draw = scene => {
  const update = createLogUpdate(process.stdout);
  const draw = (): void => update(frame(scene, process.stdout.columns, process.stdout.rows).join('\n'));
  draw();
  const timer = setInterval(draw, FRAME_MS);
  return {
    stop: () => {
      clearInterval(timer);
      update.clear();
      update.done();
    },
  };
};

export function frame(scene: Scene, columns: number, rows: number): string[] {
  const nowMs = scene.elapsed();
  const lines = [
    ` ${paint('bold', 'holdfast demo')}`,
    ...headline.map(line => paint('dim', clip(` ${line}`, columns))),
    '',
    now(scene, nowMs, columns),
    '',
    ...picture(scene.phases, strips(scene), nowMs, columns),
    '',
    ...numbers(scene, nowMs),
    '',
  ];
  return [...lines, ...happenings(scene, rows - lines.length - 1, columns)];
}

const strips = ({ fetch, holdfast }: Scene) => [
  { name: 'fetch', calls: fetch.log.calls },
  { name: 'holdfast', calls: holdfast.log.calls },
];

/** The phase and the time, at either end of the line. */
function now({ phases, options }: Scene, nowMs: number, columns: number): string {
  const phase = phaseAt(phases, nowMs);
  const clock = `${(Math.min(nowMs, options.seconds * 1_000) / 1_000).toFixed(1)} / ${options.seconds} s`;
  const title = phase ? phase.title.toUpperCase() : 'THE LAST CALLS';
  const says = clip(
    phase ? phase.says : 'waiting for what is still running',
    columns - title.length - clock.length - 5,
  );
  const colour = phase && phase.fault !== 'healthy' ? 'red' : 'green';
  return `${padEnd(` ${paint(['bold', colour], title)}  ${says}`, columns - clock.length - 1)}${clock}`;
}

function numbers(scene: Scene, nowMs: number): string[] {
  const { client, origin } = scene.holdfast;
  const fetchCalls = scene.fetch.log.calls;
  const holdfastCalls = scene.holdfast.log.calls;
  const fetch = recent(fetchCalls, nowMs, WINDOW_MS);
  const holdfast = recent(holdfastCalls, nowMs, WINDOW_MS);
  return [
    row('', paint('bold', 'fetch'), paint('bold', 'holdfast')),
    row('answered, last 2 s', ratio(fetch.successRatio), ratio(holdfast.successRatio)),
    row('answered, so far', soFar(fetchCalls), soFar(holdfastCalls)),
    row('wait p50 / p95, last 2 s', waits(fetch), waits(holdfast)),
    row('calls running', String(fetch.running), String(holdfast.running)),
    row('attempts sent', String(fetchCalls.length), String(client.attempts), `${client.retries} retries`),
    row('requests the service saw', requests(fetchCalls), requests(holdfastCalls)),
    row('circuit of the host', paint('dim', 'none'), circuit(client, origin), refused(client.rejections)),
  ];
}

const row = (label: string, fetch: string, holdfast: string, note = ''): string =>
  ` ${padEnd(label, 26)}${padStart(fetch, 16)}${padStart(holdfast, 18)}  ${paint('dim', note)}`;

function ratio(value: number | undefined): string {
  if (value === undefined) return paint('dim', '–');
  return paint(value >= 0.995 ? 'green' : value >= 0.5 ? 'yellow' : 'red', percent(value));
}

function soFar(calls: readonly LoggedCall[]): string {
  const ended = calls.filter(call => call.endMs !== undefined);
  return ratio(ended.length === 0 ? undefined : ended.filter(isAnswered).length / ended.length);
}

const waits = ({ p50Ms, p95Ms }: Recent): string =>
  p50Ms === undefined || p95Ms === undefined ? paint('dim', '–') : `${ms(p50Ms)} / ${ms(p95Ms)}`;

const requests = (calls: readonly LoggedCall[]): string =>
  String(calls.reduce((sum, call) => sum + call.requests, 0));

function circuit(client: HoldfastClient, origin: string): string {
  const state = client.circuitState(origin);
  const pauseMs = client.pauseMs(origin);
  if (state === 'closed' && pauseMs > 0) return paint('yellow', `paused ${ms(pauseMs)}`);
  return paint(state === 'closed' ? 'green' : state === 'half-open' ? 'yellow' : ['bold', 'red'], state);
}

const refused = (count: number): string => (count === 0 ? '' : `${count} refused`);

/** The latest things that holdfast's observer heard of, newest last. */
function happenings({ holdfast, elapsed }: Scene, room: number, columns: number): string[] {
  const beganAt = performance.now() - elapsed();
  return holdfast.client.happenings.slice(-Math.max(0, Math.min(room, 6))).map(({ at, text }) => {
    return paint('dim', clip(` ${padStart(((at - beganAt) / 1_000).toFixed(1), 5)} s  ${text}`, columns));
  });
}
