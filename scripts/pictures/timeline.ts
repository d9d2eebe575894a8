/** A call from its own record: what its attempts came to, and what it waited for in between. */
import { createFetch, responseInfo } from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { box, path, picture, text, width } from './svg.ts';

const totalTimeoutMs = 5_000;
const attemptTimeoutMs = 1_500;

/** A service that is busy, then hangs, then is well. */
async function record() {
  const clock = virtualClock();
  const after = (ms: number, answer: () => Response, signal?: AbortSignal | null) =>
    new Promise<Response>((resolve, reject) => {
      const timer = clock.setTimer(() => resolve(answer()), ms);
      signal?.addEventListener('abort', () => {
        clock.clearTimer(timer);
        reject(signal.reason);
      });
    });
  const delays = [120, 60_000, 90];
  const statuses = [503, 200, 200];
  let attempt = 0;
  const fetch = createFetch({
    clock,
    random: () => 0.9,
    totalTimeoutMs,
    attemptTimeoutMs,
    fetch: (_input, init) => {
      const status = statuses[attempt] ?? 200;
      return after(delays[attempt++] ?? 0, () => new Response('kelp', { status }), init?.signal);
    },
  });
  const call = fetch('https://payments.internal/v1/charges/42');
  await clock.runAll();
  const info = responseInfo(await call);
  if (!info) throw new Error('The call has no record.');
  return info;
}

/** Beside the end of the wait, on the side where there is room. */
const backOff = (x: number, y: number, delayMs: number): string =>
  x < width * 0.7
    ? text(x + 6, y + 15, `back-off ${delayMs} ms`, 'small')
    : text(x - 6, y + 38, `back-off ${delayMs} ms`, 'small', 'end');

export async function timeline(): Promise<string> {
  const { attempts, elapsedMs } = await record();
  const left = 12;
  const axisMs = Math.ceil(elapsedMs / 500) * 500;
  const x = (ms: number) => left + (ms / axisMs) * (width - 2 * left);
  const barHeight = 22;
  const rowHeight = 50;
  const top = 62;
  const rows = attempts.flatMap((attempt, row) => {
    const y = top + row * rowHeight;
    const endMs = attempt.startMs + (attempt.durationMs ?? 0);
    const isGood = attempt.outcome === 'success';
    const wait =
      attempt.delayMs === undefined
        ? []
        : [
            path(
              `M${x(endMs)} ${y + barHeight / 2}H${x(endMs + attempt.delayMs)}V${y + rowHeight}`,
              'line',
              ' stroke-dasharray="3 3"',
            ),
            backOff(x(endMs + attempt.delayMs), y, attempt.delayMs),
          ];
    const words = `#${attempt.attempt}  ${attempt.status ?? attempt.code}, ${attempt.durationMs} ms`;
    const isLate = x(attempt.startMs) > width * 0.6;
    return [
      box(
        x(attempt.startMs),
        y,
        Math.max(3, x(endMs) - x(attempt.startMs)),
        barHeight,
        isGood ? 'ours' : 'bad',
      ),
      isLate
        ? text(x(attempt.startMs) - 8, y + 16, words, '', 'end')
        : text(x(attempt.startMs), y - 6, words),
      ...wait,
    ];
  });
  const height = top + attempts.length * rowHeight + 22;
  const ticks = Array.from({ length: axisMs / 500 + 1 }, (_, tick) => tick * 500);
  const axis = ticks.flatMap(ms => [
    path(`M${x(ms)} ${height - 32}v5`),
    text(
      x(ms),
      height - 12,
      ms % 1_000 === 0 ? `${ms / 1_000} s` : '',
      'small',
      ms === 0 ? 'start' : ms === axisMs ? 'end' : 'middle',
    ),
  ]);
  return picture('Timeline of a call: a 503, a time-out, then a success', height, [
    text(left, 20, `One call, ${attempts.length} attempts, an answer after ${elapsedMs} ms`, 'title'),
    ...rows,
    path(`M${left} ${height - 32}H${width - left}`),
    ...axis.filter(line => !line.endsWith('></text>')),
  ]);
}
