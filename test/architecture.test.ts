import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/**
 * The arrows of the design, outermost first: what stands in a line may import from the lines below it, and a folder
 * from itself.
 */
const layers = [
  ['cli/', 'register/', 'chaos/', 'unavailable/'],
  ['index.ts', 'check/', 'policy-file/', 'testing/', 'generator/'],
  ['oauth2/'],
  ['client/', 'contract/'],
  [
    'given-fetch.ts',
    'fetch.ts',
    'fetch-options.ts',
    'run-call.ts',
    'explain.ts',
    'gateway-status.ts',
    'host-view.ts',
    'incoming-deadline.ts',
    'policy-book.ts',
    'request.ts',
    'standard-order.ts',
  ],
  ['telemetry/'],
  ['policies/', 'transport/'],
  ['pipeline/'],
  ['hosts/'],
  ['errors.ts', 'call-record.ts'],
  ['http/'],
];

/** Packages that come in by one door each. */
const doors: Readonly<Record<string, readonly string[]>> = {
  '@opentelemetry/api': ['telemetry/'],
  'http-cache-semantics': ['policies/cache/judge.ts'],
  'lru-cache': ['policies/cache/memory-shelf.ts'],
  opossum: ['policies/circuit-breaker/failure-window.ts'],
  'p-retry': ['policies/retry/attempt-loop.ts'],
  ky: ['client/'],
  zod: ['policy-file/', 'contract/', 'testing/msw/', 'generator/schema/mismatch.ts'],
  '@standard-schema/spec': ['contract/'],
  'eventsource-parser': ['contract/streams.ts'],
  oauth4webapi: ['oauth2/'],
  yaml: ['policy-file/yaml.ts'],
  'js-yaml': ['generator/document/yaml-source.ts'],
  '@humanwhocodes/momoa': ['policy-file/json.ts'],
  'structured-headers': ['http/structured-fields.ts'],
  msw: ['testing/msw/'],
  undici: ['transport/undici/'],
};

interface Import {
  readonly from: string;
  /** A file of ours, relative to `src/`, or the name of a package. */
  readonly to: string;
  readonly isOurs: boolean;
}

const files = globSync('**/*.ts', { cwd: 'src' }).sort();
const sourceOf = (file: string) => readFileSync(join('src', file), 'utf8');
const imports = files.flatMap(importsOf);
const ours = imports.filter(({ isOurs }) => isOurs);

function importsOf(from: string): Import[] {
  return ts.preProcessFile(sourceOf(from)).importedFiles.map(({ fileName }) => {
    const isOurs = fileName.startsWith('.');
    return { from, to: isOurs ? normalize(join(dirname(from), fileName)) : fileName, isOurs };
  });
}

/** `policies/` for a file of that folder, the file itself at the root. */
const partOf = (file: string) => (file.includes('/') ? `${file.split('/')[0]}/` : file);

const layerOf = (file: string) => layers.findIndex(layer => layer.includes(partOf(file)));

/** The policy that a file belongs to: its folder, or itself. */
const policyOf = (file: string) => /^policies\/([^/.]+)/.exec(file)?.[1];

/** What binds all policies together, and so knows them all. */
const knowsAllPolicies = 'policies/policy-options.ts';

const arrow = ({ from, to }: Import) => `${from} → ${to}`;

test('every file has a place in the layers', () => {
  expect(files.filter(file => layerOf(file) === -1)).toEqual([]);
});

test('imports point downwards', () => {
  const wrong = ours.filter(({ from, to }) => layerOf(to) <= layerOf(from) && partOf(from) !== partOf(to));
  const amongRootFiles = ({ from, to }: Import) => !from.includes('/') && layerOf(from) === layerOf(to);
  expect(wrong.filter(it => !amongRootFiles(it)).map(arrow)).toEqual([]);
});

test('nothing imports an entry point', () => {
  expect(ours.filter(({ to }) => to === 'index.ts' || to.endsWith('/index.ts')).map(arrow)).toEqual([]);
});

test('nothing that runs needs the generator', () => {
  const builds = ['generator/', 'cli/'];
  const reached = ours.filter(
    ({ from, to }) => builds.includes(partOf(to)) && !builds.includes(partOf(from)),
  );
  expect(reached.map(arrow)).toEqual([]);
});

test('the kit for tests needs no msw, but for its own entry point', () => {
  const reached = ours.filter(
    ({ from, to }) => !from.startsWith('testing/msw/') && to.startsWith('testing/msw/'),
  );
  expect(reached.map(arrow)).toEqual([]);
});

test('the core needs no cache, but for what its options say', () => {
  const reached = ours.filter(
    ({ from, to }) => !from.startsWith('policies/cache/') && to.startsWith('policies/cache/'),
  );
  expect([...new Set(reached.map(({ to }) => to))]).toEqual(['policies/cache/options.ts']);
});

test('folders have no index.ts, but for those that are entry points', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  const entries = Object.values<{ default?: string }>(exports).flatMap(({ default: file }) =>
    file ? [file.replace('./dist/', '').replace(/\.js$/, '.ts')] : [],
  );
  expect(files.filter(file => /(^|\/)index\.ts$/.test(file))).toEqual(entries.sort());
});

test('there is no cycle of imports, types included', () => {
  const next = new Map(files.map(file => [file, ours.filter(({ from }) => from === file)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (done.has(file) || path.includes(file)) return;
    for (const { to } of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});

test('policies do not import each other', () => {
  const wrong = ours.filter(({ from, to }) => {
    const [importer, imported] = [policyOf(from), policyOf(to)];
    return importer && imported && importer !== imported && from !== knowsAllPolicies;
  });
  expect(wrong.map(arrow)).toEqual([]);
});

test('the pipeline and the hosts know no policy by name', () => {
  const inner = files.filter(file => ['pipeline/', 'hosts/'].includes(partOf(file)));
  const named = /\b(?:circuit-?breaker|retry-?budget|host-?pause)\b/i;
  // Events are data about policies, named after what happened.
  const wrong = inner.filter(file => file !== 'pipeline/events.ts' && named.test(codeOf(file)));
  expect(wrong).toEqual([]);
});

describe('each package comes in by one door:', () => {
  test.each(Object.entries(doors))('%s by %s', (name, allowed) => {
    const importers = imports.filter(({ to }) => to === name || to.startsWith(`${name}/`));
    expect(importers.length).toBeGreaterThan(0);
    const mayEnter = (from: string) =>
      allowed.some(door => (door.endsWith('/') ? from.startsWith(door) : from === door));
    const strangers = importers.filter(({ from }) => !mayEnter(from));
    expect(strangers.map(arrow)).toEqual([]);
  });

  test('there is no other', () => {
    const known = [...Object.keys(doors), 'node:'];
    const unknown = imports.filter(({ to, isOurs }) => !isOurs && !known.some(name => to.startsWith(name)));
    expect(unknown.map(arrow)).toEqual([]);
  });

  test('each comes along when ours is installed', () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    const missing = Object.keys(doors).filter(name => !(name in dependencies || name in peerDependencies));
    expect(missing).toEqual([]);
  });

  test('modules of Node alone are for policy files, undici, the generator, the command and what registers', () => {
    const node = imports.filter(({ to }) => to.startsWith('node:'));
    const mayEnter = ['policy-file/', 'transport/undici/', 'generator/', 'cli/', 'register/'];
    const strangers = node.filter(({ from }) => !mayEnter.some(folder => from.startsWith(folder)));
    expect(strangers.map(arrow)).toEqual([]);
  });
});

test('only the clock touches time and chance', () => {
  const touches =
    /\b(?:setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|requestAnimationFrame|performance|randomUUID|getRandomValues)\b|\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b/;
  const wrong = files.filter(file => file !== 'pipeline/clock.ts' && touches.test(codeOf(file)));
  // The next turn of the event loop is no time.
  const turns = ['transport/undici/request-stream.ts'];
  expect(wrong.filter(file => !turns.includes(file))).toEqual([]);
});

/** A file without its comments and texts. */
function codeOf(file: string): string {
  const source = sourceOf(file);
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, source);
  let code = '';
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    if (token === ts.SyntaxKind.StringLiteral || token === ts.SyntaxKind.NoSubstitutionTemplateLiteral)
      code += '""';
    else code += ` ${scanner.getTokenText()}`;
  }
  return code.replaceAll(/\s*\.\s*/g, '.').replaceAll(/\s*\(\s*/g, '(');
}
