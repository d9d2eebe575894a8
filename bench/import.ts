/** What it takes to load the library: CPU and wall clock of a cold import, and the size of a bundle. */
import { execFile } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { type Cost, spread } from './measure.ts';
import type { Part } from './part.ts';
import { table } from './table.ts';

const run = promisify(execFile);
const KIB = 1_024;

export const importPart: Part = {
  name: 'import',
  async run({ build, quick, report }) {
    report('import');
    const main = build.startsWith('file:') ? build : pathToFileURL(build).href;
    const entries = [
      { name: 'holdfast', href: main },
      { name: 'holdfast/undici', href: new URL('transport/undici/index.js', main).href },
    ];
    const imports = await coldImports(entries, quick ? 7 : 25);
    const bundle = await bundleOf(fileURLToPath(main));

    const rows = imports.map(({ name, cpuMs, wallMs }) => [name, cpuMs.toFixed(1), wallMs.toFixed(1)]);
    const parts = bundle.parts.map(({ name, kib }) => [name, kib.toFixed(1)]);
    return {
      text: [
        table(['cold import', 'CPU, ms', 'wall, ms'], rows),
        table(['in the bundle of createFetch', 'KiB, before minifying'], parts),
      ].join('\n\n'),
      findings: [
        ...imports.slice(0, 1).map(({ name, wallMs }) => ({
          what: `cold import of ${name}, beyond an empty program`,
          measured: wallMs,
          limit: 25,
          unit: 'ms',
        })),
        {
          what: 'bundle of createFetch, minified and gzipped, without zod',
          measured: bundle.gzipped / KIB,
          limit: 20,
          unit: 'KiB',
        },
        { what: 'the same, not compressed', measured: bundle.minified / KIB, unit: 'KiB' },
      ],
      results: { imports, bundle },
    };
  },
};

interface Import {
  readonly name: string;
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** Beyond the empty program of the same round; the median of the rounds. */
async function coldImports(
  entries: readonly { readonly name: string; readonly href: string }[],
  rounds: number,
): Promise<Import[]> {
  const beyond = entries.map(() => ({ cpu: [] as number[], wall: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    const empty = await start('');
    for (const [index, { href }] of entries.entries()) {
      const cost = await start(`await import(${JSON.stringify(href)});`);
      // The first round finds the files outside the page cache.
      if (round === 0) continue;
      beyond[index]?.cpu.push((cost.cpuMicros - empty.cpuMicros) / 1_000);
      beyond[index]?.wall.push((cost.wallMicros - empty.wallMicros) / 1_000);
    }
  }
  return entries.map(({ name }, index) => ({
    name,
    cpuMs: spread(beyond[index]?.cpu ?? []).median,
    wallMs: spread(beyond[index]?.wall ?? []).median,
  }));
}

/** Runs a program from the start of its process to the end. */
async function start(program: string): Promise<Cost> {
  const told = `${program}\nprocess.stdout.write(JSON.stringify(process.cpuUsage()));`;
  const startedAt = process.hrtime.bigint();
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', told]);
  const wallMicros = Number(process.hrtime.bigint() - startedAt) / 1_000;
  const { user, system } = JSON.parse(stdout) as NodeJS.CpuUsage;
  return { cpuMicros: user + system, wallMicros };
}

interface Bundle {
  readonly minified: number;
  readonly gzipped: number;
  /** By package, and ours by folder, the largest first. */
  readonly parts: readonly { readonly name: string; readonly kib: number }[];
}

async function bundleOf(main: string): Promise<Bundle> {
  const entry = 'bench:createFetch';
  const bundle = await rolldown({
    input: entry,
    platform: 'node',
    external: [/^node:/, /^zod(?:\/|$)/],
    plugins: [
      {
        name: 'entry',
        resolveId: id => (id === entry ? id : null),
        load: id => (id === entry ? `export { createFetch } from ${JSON.stringify(main)};` : null),
      },
    ],
  });
  try {
    const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
    const sizes = new Map<string, number>();
    let code = '';
    for (const chunk of output) {
      if (chunk.type !== 'chunk') continue;
      code += chunk.code;
      for (const [id, { renderedLength }] of Object.entries(chunk.modules)) {
        const name = partOf(id);
        sizes.set(name, (sizes.get(name) ?? 0) + renderedLength / KIB);
      }
    }
    const parts = [...sizes].map(([name, kib]) => ({ name, kib })).filter(({ kib }) => kib > 0);
    return {
      minified: Buffer.byteLength(code),
      gzipped: gzipSync(code, { level: 9 }).length,
      parts: parts.sort((a, b) => b.kib - a.kib),
    };
  } finally {
    await bundle.close();
  }
}

function partOf(module: string): string {
  const dependency = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1];
  if (dependency) return dependency;
  const own = /.*\/dist\/(.*)$/.exec(module)?.[1];
  if (own === undefined) return 'the bundler';
  return own.includes('/') ? `holdfast ${own.slice(0, own.indexOf('/'))}/` : 'holdfast';
}
