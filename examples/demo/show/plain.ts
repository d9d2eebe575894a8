import type { LoggedCall } from '../call-log.ts';
import { headline } from './headline.ts';
import { recent } from './recent.ts';
import { ms, percent } from './text.ts';
import { type Draw, phaseAt, type Scene, type Side } from './view.ts';

const LINE_MS = 1_000;

/** One line per second, and one per phase: for pipes, files and terminals that cannot redraw. */
export const plain: Draw = scene => {
  console.log('holdfast demo');
  for (const line of headline) console.log(line);
  console.log(`services: ${service('fetch', scene.fetch)}, ${service('holdfast', scene.holdfast)}\n`);
  let told = -1;
  const tell = (): void => {
    const phase = phaseAt(scene.phases, scene.elapsed());
    if (phase && phase.index > told) {
      told = phase.index;
      console.log(`${phase.title}: ${phase.says}`);
    }
  };
  tell();
  const timer = setInterval(() => {
    console.log(line(scene));
    tell();
  }, LINE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      console.log('');
    },
  };
};

const service = (name: string, { pid, origin }: Side): string => `${name} at ${origin} (process ${pid})`;

function line(scene: Scene): string {
  const nowMs = scene.elapsed();
  const { client, origin, log } = scene.holdfast;
  return [
    `${(nowMs / 1_000).toFixed(0).padStart(4)} s`,
    `fetch ${side(scene.fetch.log.calls, nowMs)}`,
    `holdfast ${side(log.calls, nowMs)}  circuit ${client.circuitState(origin)}`,
  ].join('  ');
}

/** Of the last second. */
function side(calls: readonly LoggedCall[], nowMs: number): string {
  const { successRatio, p95Ms, running } = recent(calls, nowMs, LINE_MS);
  const ratio = successRatio === undefined ? '–' : percent(successRatio);
  const p95 = p95Ms === undefined ? '–' : ms(p95Ms);
  return `${ratio.padStart(6)} p95 ${p95.padStart(6)} ${String(running).padStart(2)} running`;
}
