import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { candidates } from './candidates.ts';
import { chart } from './chart.ts';
import { defaultBuild } from './holdfast.ts';
import { importPart } from './import.ts';
import { latencyPart } from './latency.ts';
import { fullPlan, measureOverhead, quickPlan } from './overhead.ts';
import type { Part } from './part.ts';
import { type Finding, holds, probes, runProbe } from './probe.ts';
import { findingsReport, machineReport, overheadFindings, overheadReport, writeToReadme } from './report.ts';
import { scalePart } from './scale.ts';
import { transfersPart } from './transfers.ts';

/** Those with a section of their own, beside the requests of all candidates and the limits. */
const parts: readonly Part[] = [transfersPart, scalePart, latencyPart, importPart];

const partNames = ['overhead', ...parts.map(({ name }) => name), ...probes.map(({ name }) => name)];

const usage = `npm run bench -- [options]

  --only <names>       parts to run, with commas: ${partNames.join(', ')}
  --candidates <names> candidates of the overhead part, with semicolons (the two baselines always run)
  --quick              fewer and smaller samples, for a first look
  --build <file>       the entry file of the build to measure, in place of dist/index.js
  --against <file>     the entry file of another build of holdfast, as one more candidate
  --json <file>        writes what was measured as JSON
  --write-readme       puts what was measured into bench/README.md, and the chart beside it
  --help`;

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    candidates: { type: 'string' },
    quick: { type: 'boolean', default: false },
    against: { type: 'string' },
    build: { type: 'string', default: defaultBuild },
    json: { type: 'string' },
    'write-readme': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) console.log(usage);
else if (!existsSync(new URL('node_modules', import.meta.url))) {
  console.error('The libraries to compare with are not installed: npm ci --prefix bench');
  process.exitCode = 1;
} else await main();

async function main(): Promise<void> {
  const isPart = chosenFrom(partNames, flags.only?.split(','));
  const isWanted = chosenFrom(
    candidates.map(({ name }) => name),
    flags.candidates?.split(';'),
  );
  if (flags['write-readme'] && (flags.quick || flags.candidates || flags.against)) {
    throw new Error('Only a full run of the usual candidates may write to the README.');
  }
  const findings: Finding[] = [];
  const results: Record<string, unknown> = {};
  publish('machine', machineReport());

  if (isPart('overhead')) {
    const plan = flags.quick ? quickPlan : fullPlan;
    const { build, against: otherBuild } = flags;
    const overhead = await measureOverhead({ plan, build, otherBuild, isWanted, report: console.error });
    const ownFindings = overheadFindings(overhead);
    publish('overhead', `${overheadReport(overhead, plan)}\n\n${findingsReport(ownFindings)}`);
    findings.push(...ownFindings);
    results.overhead = overhead.rows;
    if (flags['write-readme']) writeFileSync(new URL('overhead.svg', import.meta.url), chart(overhead.rows));
  }

  for (const part of parts.filter(({ name }) => isPart(name))) {
    const { build, quick } = flags;
    const { text, findings: own, results: ofPart } = await part.run({ build, quick, report: console.error });
    publish(part.name, `${text}\n\n${findingsReport(own)}`);
    findings.push(...own);
    results[part.name] = ofPart;
  }

  const probed: Finding[] = [];
  for (const probe of probes.filter(({ name }) => isPart(name))) {
    console.error(`probe: ${probe.name}`);
    probed.push(...(await runProbe(probe, flags.build, flags.quick ? 0.1 : 1)));
  }
  if (probed.length > 0) publish('limits', findingsReport(probed));
  findings.push(...probed);

  if (flags.json) {
    const json = { machine: machineReport(), quick: flags.quick, ...results, findings };
    writeFileSync(flags.json, `${JSON.stringify(json, null, 2)}\n`);
  }
  const missed = findings.filter(finding => !holds(finding));
  if (missed.length > 0) process.exitCode = 1;
  console.log(
    missed.length === 0 ? 'All limits hold.' : `Limits missed: ${missed.length} of ${findings.length}.`,
  );
}

function publish(section: string, content: string): void {
  console.log(`\n${content}\n`);
  if (flags['write-readme']) writeToReadme(section, content);
}

/** @throws Error if a name is none of those known. */
function chosenFrom(
  known: readonly string[],
  names: readonly string[] | undefined,
): (name: string) => boolean {
  if (!names) return () => true;
  const unknown = names.find(name => !known.includes(name));
  if (unknown !== undefined) throw new Error(`"${unknown}" is none of: ${known.join(', ')}`);
  return name => names.includes(name);
}
