/**
 * Where the CPU of one candidate goes, function by function, and what it spends beyond another:
 *
 *   node bench/profile.ts holdfast "raw fetch + signal + timer"
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { candidates, HOLDFAST, RAW_WITH_TIMER } from './candidates.ts';
import { defaultBuild, loadHoldfast } from './holdfast.ts';
import { repeat } from './measure.ts';
import { startServer } from './server.ts';
import { table } from './table.ts';

/** Self time in microseconds per request, by place: `function (file:line)`. */
type SelfTimes = Record<string, number>;

const warmUpRequests = 20_000;
const requests = 40_000;
const concurrency = 16;
const samplingMicros = 100;

async function record(name: string, url: string, build: string): Promise<SelfTimes> {
  const candidate = candidates.find(each => each.name === name);
  if (!candidate) throw new Error(`No candidate is called "${name}".`);
  const get = await candidate.open(url, () => loadHoldfast(build));
  await repeat(get, warmUpRequests, concurrency);

  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: samplingMicros });
  await session.post('Profiler.start');
  await repeat(get, requests, concurrency);
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();

  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const selfTimes: SelfTimes = {};
  for (const [index, node] of (profile.samples ?? []).entries()) {
    const place = places.get(node) ?? '(unknown)';
    selfTimes[place] = (selfTimes[place] ?? 0) + (profile.timeDeltas?.[index] ?? 0) / requests;
  }
  return selfTimes;
}

function placeOf(frame: { functionName: string; url: string; lineNumber: number }): string {
  if (frame.url === '') return frame.functionName;
  const file = frame.url.startsWith('file:')
    ? fileURLToPath(frame.url).replace(/^.*\/(?:node_modules|(?=dist\/|src\/|bench\/))/, '')
    : frame.url;
  return `${frame.functionName || '(anonymous)'} (${file}:${frame.lineNumber + 1})`;
}

/** In a process of its own, so that the profile is of this candidate's machine code alone. */
async function profileOf(candidate: string, url: string, build: string): Promise<SelfTimes> {
  const child = fork(import.meta.filename, ['--record', candidate, '--url', url, '--build', build]);
  const [selfTimes] = await once(child, 'message');
  child.kill();
  return selfTimes;
}

function print(name: string, base: string, selfTimes: SelfTimes, baseTimes: SelfTimes): void {
  const isWork = (place: string) => place !== '(idle)';
  const total = (times: SelfTimes) =>
    Object.entries(times).reduce((sum, [place, micros]) => (isWork(place) ? sum + micros : sum), 0);
  const places = [...new Set([...Object.keys(selfTimes), ...Object.keys(baseTimes)])].filter(isWork);
  const rows = places
    .map(place => ({
      place,
      micros: selfTimes[place] ?? 0,
      beyond: (selfTimes[place] ?? 0) - (baseTimes[place] ?? 0),
    }))
    .sort((a, b) => Math.abs(b.beyond) - Math.abs(a.beyond))
    .slice(0, 60)
    .map(({ place, micros, beyond }) => [place, micros.toFixed(2), beyond.toFixed(2)]);
  console.log(
    `${name}: ${total(selfTimes).toFixed(1)} µs per request; ${base}: ${total(baseTimes).toFixed(1)} µs\n`,
  );
  console.log(table(['self time', 'µs', `beyond ${base}, µs`], rows));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    build: { type: 'string', default: defaultBuild },
    record: { type: 'string' },
    url: { type: 'string', default: '' },
  },
});

if (values.record) {
  process.send?.(await record(values.record, values.url, values.build));
} else {
  const [name = HOLDFAST, base = RAW_WITH_TIMER] = positionals;
  const server = await startServer();
  const selfTimes = await profileOf(name, server.url, values.build);
  const baseTimes = await profileOf(base, server.url, values.build);
  server.close();
  print(name, base, selfTimes, baseTimes);
}
