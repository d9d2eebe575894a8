/**
 * Runs the storms and reports. Everything happens in virtual time, so it takes as long as the clients take to think.
 *
 *   node bench/storm/main.ts [--seeds 1,2,3] [--scenario 2,3] [--only holdfast] [--options '{"retry":{…}}']
 *                            [--json] [--write-readme]
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { FetchOptions } from '../../src/index.ts';
import type { Candidate } from './candidate.ts';
import { HOLDFAST, holdfast, holdfastHedging, holdfastUnsent } from './holdfast.ts';
import { type Measures, measure } from './measures.ts';
import { peers } from './peers.ts';
import { RAW_FETCH } from './raw-fetch.ts';
import { comparisonTable, type Results, targetTable } from './report.ts';
import { type Scenario, scenarios } from './scenarios.ts';
import { storm } from './storm.ts';
import { type Judgement, judge, targets } from './targets.ts';

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    scenario: { type: 'string' },
    only: { type: 'string' },
    options: { type: 'string' },
    json: { type: 'boolean', default: false },
    'write-readme': { type: 'boolean', default: false },
  },
});

const seeds = flags.seeds.split(',').map(Number);
const wanted = flags.scenario?.split(',');
const chosenScenarios = scenarios.filter(({ id }) => !wanted || wanted.includes(id));
const options: FetchOptions = flags.options ? JSON.parse(flags.options) : {};
const own = [holdfast(options), holdfastUnsent(options), holdfastHedging(options)];
const candidates = choose([...peers, ...own], flags.only);

/** By part of a name. Raw fetch always runs: it is what Holdfast is measured against. */
function choose(all: readonly Candidate[], part: string | undefined): Candidate[] {
  return all.filter(
    ({ name }) => !part || name === RAW_FETCH || name.toLowerCase().includes(part.toLowerCase()),
  );
}

/** Of each candidate and scenario one result per seed. */
async function runAll(): Promise<Map<string, Map<string, Measures[]>>> {
  const all = new Map(candidates.map(({ name }) => [name, new Map<string, Measures[]>()]));
  for (const scenario of chosenScenarios) {
    for (const candidate of candidates) {
      if (candidate.scenarios && !candidate.scenarios.includes(scenario.id)) continue;
      all.get(candidate.name)!.set(scenario.id, await runSeeds(candidate, scenario));
    }
  }
  return all;
}

async function runSeeds(candidate: Candidate, scenario: Scenario): Promise<Measures[]> {
  const results: Measures[] = [];
  for (const seed of seeds) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${scenario.id} ${candidate.name}, seed ${seed}`);
    results.push(measure(scenario, await storm(candidate, scenario, seed)));
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return results;
}

function judgeAll(ours: Results, raw: Results): Judgement[] {
  return targets.flatMap(target => {
    const measured = ours.get(target.scenario);
    const baseline = raw.get(target.scenario);
    if (!measured || !baseline) return [];
    return [
      judge(
        target,
        measured.map((measures, index) => target.value(measures, baseline[index]!)),
      ),
    ];
  });
}

/** Puts the tables between the markers of the README. */
async function writeReadme(tables: string): Promise<void> {
  const file = new URL('README.md', import.meta.url);
  const [begin, end] = ['<!-- results: begin -->', '<!-- results: end -->'];
  const text = await readFile(file, 'utf8');
  const before = text.slice(0, text.indexOf(begin) + begin.length);
  await writeFile(file, `${before}\n\n${tables}\n\n${text.slice(text.indexOf(end))}`);
}

const results = await runAll();
const ours = results.get(HOLDFAST);
const judgements = ours ? judgeAll(ours, results.get(RAW_FETCH)!) : [];

if (flags.json) {
  console.log(JSON.stringify({ seeds, results: toObject(results), judgements }, null, 2));
} else {
  const tables = [
    `Means over ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}.`,
    comparisonTable(results),
    ...(judgements.length > 0 ? [`${HOLDFAST} against its targets:`, targetTable(judgements)] : []),
  ].join('\n\n');
  console.log(tables);
  if (flags['write-readme']) await writeReadme(tables);
}

/** Maps to plain objects; JSON has no Infinity, so "never" is spelled out. */
function toObject(value: unknown): unknown {
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, inner]) => [key, toObject(inner)]));
  if (Array.isArray(value)) return value.map(toObject);
  if (value === Infinity) return 'never';
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toObject(inner)]));
  return value;
}
