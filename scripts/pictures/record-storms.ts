/**
 * Runs three storms of `bench/storm` with raw fetch, ky and Holdfast, seed 1, and keeps what happened in each second, for
 * the pictures. Takes some minutes, and needs the other clients: `npm ci --prefix bench`.
 *
 *   npm run docs:storms
 */
import { writeFileSync } from 'node:fs';
import { holdfast } from '../../bench/storm/holdfast.ts';
import { peers, RAW_FETCH } from '../../bench/storm/peers.ts';
import type { Recording } from '../../bench/storm/recording.ts';
import { scenarios } from '../../bench/storm/scenarios.ts';
import { storm } from '../../bench/storm/storm.ts';
import type { RecordedStorm } from './storms.ts';

const seed = 1;
const names = [RAW_FETCH, 'ky 2'];
const candidates = [...peers.filter(({ name }) => names.includes(name)), holdfast()];

function perSecond(instants: readonly number[], endMs: number): number[] {
  const seconds = new Array<number>(endMs / 1_000).fill(0);
  for (const atMs of instants) {
    const second = Math.floor(atMs / 1_000);
    if (second < seconds.length) seconds[second]! += 1;
  }
  return seconds;
}

const answered = ({ calls }: Recording): number[] =>
  calls.filter(call => call.succeeded).map(call => call.settledAtMs ?? Infinity);
const attempted = ({ calls }: Recording): number[] =>
  calls.flatMap(call => call.attempts.map(attempt => attempt.startedAtMs));

const storms: RecordedStorm[] = [];
for (const scenario of scenarios.filter(({ id }) => ['2', '3', '5'].includes(id))) {
  const { id, name, callsPerSecond, fault, endMs } = scenario;
  const clients = [];
  for (const candidate of candidates) {
    const recording = await storm(candidate, scenario, seed);
    clients.push({
      name: candidate.name === RAW_FETCH ? 'raw fetch' : candidate.name.replace(/ \d+$/, ''),
      answered: perSecond(answered(recording), endMs),
      attempts: perSecond(attempted(recording), endMs),
    });
  }
  storms.push({ id, name, seed, callsPerSecond, fault, clients });
}

const text = JSON.stringify(storms, null, 1).replace(
  /\[\s+([\d,\s]+?)\s+\]/g,
  (_list, numbers: string) => `[${numbers.replace(/\s+/g, ' ')}]`,
);
writeFileSync(new URL('../../docs/pictures/storms.json', import.meta.url), `${text}\n`);
