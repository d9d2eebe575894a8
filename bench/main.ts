import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { candidates } from './candidates.ts';
import { defaultBuild } from './holdfast.ts';
import { fullPlan, measureOverhead, quickPlan } from './overhead.ts';
import { type Finding, holds, probes, runProbe } from './probe.ts';
import { findingsReport, machineReport, overheadFindings, overheadReport, writeToReadme } from './report.ts';

const usage = `npm run bench -- [options]

  --only <names>       parts to run, with commas: overhead, ${probes.map(({ name }) => name).join(', ')}
  --candidates <names> candidates of the overhead part, with semicolons (the two baselines always run)
  --quick              fewer and smaller samples, for a first look
  --build <file>       the entry file of the build to measure, in place of dist/index.js
  --against <file>     the entry file of another build of holdfast, as one more candidate
  --write-readme       puts what was measured into bench/README.md
  --help`;

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    candidates: { type: 'string' },
    quick: { type: 'boolean', default: false },
    against: { type: 'string' },
    build: { type: 'string', default: defaultBuild },
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
  const isPart = chosenFrom(['overhead', ...probes.map(({ name }) => name)], flags.only?.split(','));
  const isWanted = chosenFrom(
    candidates.map(({ name }) => name),
    flags.candidates?.split(';'),
  );
  if (flags['write-readme'] && (flags.quick || flags.candidates || flags.against)) {
    throw new Error('Only a full run of the usual candidates may write to the README.');
  }
  const findings: Finding[] = [];
  publish('machine', machineReport());

  if (isPart('overhead')) {
    const plan = flags.quick ? quickPlan : fullPlan;
    const { build, against: otherBuild } = flags;
    const rows = await measureOverhead({ plan, build, otherBuild, isWanted, report: console.error });
    const ownFindings = overheadFindings(rows);
    publish('overhead', `${overheadReport(rows, plan)}\n\n${findingsReport(ownFindings)}`);
    findings.push(...ownFindings);
  }

  const probed: Finding[] = [];
  for (const probe of probes.filter(({ name }) => isPart(name))) {
    console.error(`probe: ${probe.name}`);
    probed.push(...(await runProbe(probe, flags.build, flags.quick ? 0.1 : 1)));
  }
  if (probed.length > 0) publish('limits', findingsReport(probed));
  findings.push(...probed);

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
