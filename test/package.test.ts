/** The package as it would be published: what it holds, and that its types are found by those who have installed it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScratchProject } from './support/scratch-project.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/** A compiler of its own for each, on a machine that may be busy. */
const LIMIT_MS = 120_000;

test('the package holds what is built, and nothing else', () => {
  const [{ files }] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1e8,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  const built = globSync('**/*.ts', { cwd: join(root, 'src') }).flatMap(file => {
    const name = `dist/${file.replaceAll('\\', '/').replace(/\.ts$/, '')}`;
    return [`${name}.js`, `${name}.d.ts`];
  });
  const beside = [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist/policy-file/policy.schema.json',
    'package.json',
  ];
  const held = (files as { path: string }[]).map(({ path }) => path);
  expect(held.sort()).toEqual([...built, ...beside].sort());
});

test('every file that package.json names is in it', () => {
  const { exports, browser, bin, sideEffects } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const named = [
    ...Object.values<string | object>(exports).flatMap(entry =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    ),
    ...Object.entries(browser).flat(),
    ...Object.values(bin),
    ...sideEffects,
  ] as string[];
  const present = new Set(
    globSync('**/*', { cwd: root, exclude: name => name === 'node_modules' || name === 'test' }),
  );
  const isPresent = (file: string) =>
    file.includes('*') ? globSync(file, { cwd: root }).length > 0 : present.has(file.replace('./', ''));
  expect(named.filter(file => !isPresent(file))).toEqual([]);
});

describe('the types of every door are found', () => {
  let project: ScratchProject;
  const doors = typedDoors();

  beforeAll(() => {
    const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    project = new ScratchProject(Object.keys(peerDependencies));
    project.write(
      'index.ts',
      [
        ...doors.map((door, index) => `import * as door${index} from '${door}';`),
        `export const doors = [${doors.map((_, index) => `door${index}`)}];`,
        // Were the types not found, this would be anything.
        `import { createFetch, type HoldfastFetch } from 'holdfast';`,
        'export const wrong: number = createFetch();',
        `export const right: HoldfastFetch['hosts'] = createFetch().hosts;`,
      ].join('\n'),
    );
  });
  afterAll(() => project?.[Symbol.dispose]());

  const compilers = { '6': 'node_modules', '5.9': 'test/generator/compilers/typescript-5.9/node_modules' };
  const resolutions = [
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ] as const;
  const cases = Object.keys(compilers).flatMap(version =>
    resolutions.map(([resolution, module]) => [version, resolution, module] as const),
  );

  test.each(cases)('by TypeScript %s with %s', { timeout: LIMIT_MS }, (version, resolution, module) => {
    const tsc = join(root, compilers[version as keyof typeof compilers], 'typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2023', '--pretty', 'false'];
    const how = ['--module', module, '--moduleResolution', resolution];
    const lib = ['--lib', 'es2024,dom,dom.iterable,dom.asynciterable,esnext.disposable'];
    const { stdout } = spawnSync(process.execPath, [tsc, ...options, ...how, ...lib, 'index.ts'], {
      cwd: project.folder,
      encoding: 'utf8',
    });
    const errors = stdout.split('\n').filter(line => line.startsWith('index.ts') || line.includes('error'));
    expect(errors).toEqual([
      expect.stringContaining("Type 'HoldfastFetch' is not assignable to type 'number'"),
    ]);
  });
});

function typedDoors(): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const doors = Object.entries<{ types?: string }>(exports).filter(([, { types }]) => types);
  return doors.map(([door]) => `holdfast${door.slice(1)}`);
}
