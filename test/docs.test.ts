import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';
import { createFetch, standardOrder } from '../src/index.ts';
import { bulkheadDefaults } from '../src/policies/bulkhead/limits.ts';
import { httpCacheDefaults } from '../src/policies/cache/http-cache.ts';
import { cacheDefaults } from '../src/policies/cache/options.ts';
import { circuitBreakerDefaults } from '../src/policies/circuit-breaker/limits.ts';
import { coalesceDefaults } from '../src/policies/coalesce/coalesce.ts';
import { concurrencyLimitDefaults } from '../src/policies/concurrency-limit/limits.ts';
import { deadlineHeadersDefaults } from '../src/policies/deadline-headers.ts';
import { fallbackDefaults } from '../src/policies/fallback/options.ts';
import { hedgeDefaults } from '../src/policies/hedge/options.ts';
import { hostPauseDefaults } from '../src/policies/host-pause.ts';
import { policyDefaults } from '../src/policies/policy-options.ts';
import { rateLimitDefaults } from '../src/policies/rate-limit/limits.ts';
import { retryBudgetDefaults } from '../src/policies/retry/budget.ts';
import { retryDefaults } from '../src/policies/retry/rules.ts';
import { throttleDefaults } from '../src/policies/throttle.ts';
import { compilerOptions, diagnosticsOf, programOf } from './support/compiler.ts';
import {
  anchorsOf,
  type Block,
  blocksOf,
  fencesOf,
  fileOf,
  pages,
  proseOf,
  quotesOf,
  read,
  relativeLinksOf,
  root,
  sourceOf,
  tablesOf,
} from './support/docs/markdown.ts';
import type { Run } from './support/docs/run.ts';

const allPages = pages();
const blocks = allPages.flatMap(blocksOf);
const placeOf = ({ page, line }: Block) => `${page}:${line}`;

/** The compiler and a process of their own, both on a machine that may be busy. */
const LIMIT_MS = 120_000;

const doors = [
  'src/index.ts',
  'src/chaos/index.ts',
  'src/check/index.ts',
  'src/contract/index.ts',
  'src/generator/index.ts',
  'src/oauth2/index.ts',
  'src/policies/cache/index.ts',
  'src/policy-file/index.ts',
  'src/testing/index.ts',
  'src/testing/msw/index.ts',
];

/** The code of the pages, and what they tell of. */
let program: ts.Program;
beforeAll(() => {
  const virtual = new Map(blocks.map(block => [fileOf(block), sourceOf(block)]));
  const ours = [...doors, 'src/pipeline/events.ts'].map(file => `${root}${file}`);
  program = programOf([...virtual.keys(), ...ours], compilerOptions(), virtual);
}, LIMIT_MS);

describe('the code in the pages', () => {
  test('is right by its types', { timeout: LIMIT_MS }, () => {
    const problems = diagnosticsOf(program).map(({ file, start, messageText }) => {
      const text = ts.flattenDiagnosticMessageText(messageText, '\n');
      if (!file || start === undefined) return text;
      const { line } = file.getLineAndCharacterOfPosition(start);
      return `${relative(root, file.fileName).replace(/\.L\d+\.ts$/, '')}:${line + 1} ${text}`;
    });
    expect(problems).toEqual([]);
  });

  describe('runs, and prints what the page says:', () => {
    let runs: Record<string, Run>;

    beforeAll(async () => {
      const runner = fileURLToPath(new URL('support/docs/run.ts', import.meta.url));
      runs = await new Promise((resolve, reject) => {
        execFile(
          process.execPath,
          [runner],
          { maxBuffer: 1e8, timeout: LIMIT_MS },
          (error, stdout, stderr) => {
            if (error)
              reject(new Error(`The programs of the pages ended the process: ${stderr}`, { cause: error }));
            else resolve(JSON.parse(stdout));
          },
        );
      });
    }, LIMIT_MS);

    const running = blocks.filter(block => block.runs);
    test.each([...new Set(running.map(({ page }) => page))])('%s', page => {
      for (const block of running.filter(block => block.page === page)) {
        const run = runs[placeOf(block)];
        expect(run?.error, placeOf(block)).toBeUndefined();
        expect(run?.output, placeOf(block)).toBe(block.output ?? '');
      }
    });
  });

  test('says what it prints in a fence of its own, right behind it', () => {
    const outputs = allPages
      .flatMap(page => fencesOf(read(page)))
      .filter(({ info }) => info === 'text output');
    expect(blocks.filter(block => block.output !== undefined)).toHaveLength(outputs.length);
    expect(outputs.length).toBeGreaterThan(20);
  });
});

describe('the tables of defaults', () => {
  const prefixed = (prefix: string, defaults: object): [string, unknown][] =>
    Object.entries(defaults).map(([name, value]) => [`${prefix}${name}`, value]);
  const defaults = new Map<string, unknown>([
    ...prefixed('', policyDefaults),
    ...prefixed('retry.', retryDefaults).filter(([name]) => name !== 'retry.budget'),
    ...prefixed('retry.budget.', retryBudgetDefaults),
    ...prefixed('bulkhead.', bulkheadDefaults),
    ...prefixed('rateLimit.', rateLimitDefaults),
    ...prefixed('hedge.', hedgeDefaults),
    ...prefixed('deadlineHeaders.', deadlineHeadersDefaults),
    ...prefixed('hostPause.', hostPauseDefaults),
    ...prefixed('circuitBreaker.', circuitBreakerDefaults),
    ...prefixed('throttle.', throttleDefaults),
    ...prefixed('concurrencyLimit.', concurrencyLimitDefaults),
    ...prefixed('fallback.', fallbackDefaults),
    ...prefixed('coalesce.', coalesceDefaults),
    ...prefixed('cache.', cacheDefaults),
    ...prefixed('httpCache.', httpCacheDefaults),
  ]);
  /** As it is written in code: `1_500`, `'full'`, `[408, 425]`. */
  function written(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
    if (typeof value === 'string') return `'${value}'`;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1_000)
      return value.toLocaleString('en').replaceAll(',', '_');
    return String(value);
  }

  const rowsOf = (page: string): Map<string, string> => {
    const rows = tablesOf(read(page), 'Option', 'Default').flat();
    const bare = (cell = '') => cell.replace(/^`|`$/g, '');
    return new Map(rows.map(([name, value]) => [bare(name), bare(value)]));
  };

  test.each(allPages.filter(page => rowsOf(page).size > 0))('of %s say what the code says', page => {
    const rows = rowsOf(page);
    const known = [...rows.keys()].filter(name => defaults.has(name));
    expect([...rows.keys()]).toEqual(known);
    expect(rows).toEqual(new Map(known.map(name => [name, written(defaults.get(name))])));
  });

  test.each([
    ['docs/defaults.md', ''],
    ['docs/retry.md', 'retry.'],
    ['docs/circuit-breaker.md', 'circuitBreaker.'],
    ['docs/bulkhead.md', 'bulkhead.'],
    ['docs/rate-limit.md', 'rateLimit.'],
    ['docs/host-pause.md', 'hostPause.'],
    ['docs/concurrency-limit.md', 'concurrencyLimit.'],
    ['docs/deadlines.md', 'deadlineHeaders.'],
    ['docs/nested-calls.md', 'nestedGuard'],
    ['docs/fallback.md', 'fallback.'],
    ['docs/coalescing.md', 'coalesce.'],
    ['docs/cache.md', 'cache.'],
    ['docs/cache.md', 'httpCache.'],
  ])('of %s leave out nothing under "%s"', (page, prefix) => {
    const wanted = [...defaults.keys()].filter(name => name.startsWith(prefix));
    const found = [...rowsOf(page).keys()].filter(name => name.startsWith(prefix));
    expect(found.sort()).toEqual(wanted.sort());
  });
});

describe('what the pages say of the code', () => {
  test('the picture of the standard order in writing-a-policy.md is true', () => {
    const picture = fencesOf(read('docs/writing-a-policy.md')).find(({ text }) =>
      text.startsWith(`${standardOrder[0]} ─`),
    );
    const order = picture?.text.replace('once per attempt:', '') ?? '';
    expect(order.match(/\w+/g)).toEqual([...standardOrder, 'transport']);
  });

  /** Every word that stands in code, within a line or in a block. */
  const wordsInCode = new Set(
    allPages.flatMap(page => {
      const inline = [...proseOf(read(page)).matchAll(/`([^`\n]+)`/g)].map(match => match[1] ?? '');
      const code = [...inline, ...fencesOf(read(page)).map(({ text }) => text)].join(' ');
      return code.match(/[A-Za-z]\w+/g) ?? [];
    }),
  );

  test.each(doors)(
    'every name that %s exports is told of',
    door => {
      const checker = program.getTypeChecker();
      const module = checker.getSymbolAtLocation(program.getSourceFile(`${root}${door}`) as ts.SourceFile);
      const names = checker.getExportsOfModule(module as ts.Symbol).map(({ name }) => name);
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter(name => !wordsInCode.has(name))).toEqual([]);
    },
    LIMIT_MS,
  );

  test('events.md tells of every event and of each of its fields', { timeout: LIMIT_MS }, () => {
    const file = `${root}src/pipeline/events.ts`;
    const checker = program.getTypeChecker();
    const source = program.getSourceFile(file) as ts.SourceFile;
    const module = checker.getSymbolAtLocation(source) as ts.Symbol;
    const union = checker
      .getExportsOfModule(module)
      .find(({ name }) => name === 'HoldfastEvent') as ts.Symbol;
    const members = (checker.getDeclaredTypeOfSymbol(union) as ts.UnionType).types;
    const inCode = members.flatMap(member => {
      const fields = member
        .getProperties()
        .map(({ name }) => name)
        .filter(name => name !== 'type')
        .sort();
      const type = checker.getTypeOfSymbolAtLocation(member.getProperty('type') as ts.Symbol, source);
      const types = type.isUnion() ? type.types : [type];
      return types.map(type => [(type as ts.StringLiteralType).value, fields] as const);
    });
    const sections = read('docs/events.md').split(/^### /m).slice(1);
    const inPage = sections.flatMap(section => {
      const types = [...(section.split('\n')[0] ?? '').matchAll(/`([a-z-]+)`/g)].map(match => match[1] ?? '');
      const fields = tablesOf(section, 'Field')
        .flat()
        .map(([name = '']) => name.replaceAll('`', ''))
        .sort();
      return types.map(type => [type, fields] as const);
    });
    expect(Object.fromEntries(inPage)).toEqual(Object.fromEntries(inCode));
  });

  test.each([
    ['src/call-record.ts', 'RetryReason', 'docs/explaining.md'],
    ['src/http/body-lease.ts', 'LeaseEnd', 'docs/events.md'],
  ])('every %s of %s is told of in %s', (source, type, page) => {
    const code = readFileSync(`${root}${source}`, 'utf8');
    const declaration = code.slice(code.indexOf(`type ${type}`)).split(';\n\n')[0] as string;
    const bodyEnd = type === 'LeaseEnd' ? code.slice(code.indexOf('type BodyEnd')).split(';\n\n')[0] : '';
    const words = [...`${declaration}${bodyEnd}`.matchAll(/'([a-z-]+)'/g)].map(match => match[1]);
    expect(words.length).toBeGreaterThan(3);
    expect(words.filter(word => !read(page).includes(`\`${word}\``))).toEqual([]);
  });

  test('errors.md draws the tree that stands in the code', () => {
    const source = readFileSync(`${root}src/errors.ts`, 'utf8');
    const comment = source.slice(0, source.indexOf('*/')).replace(/^ \* ?/gm, '');
    const tree = fencesOf(comment)[0]?.text;
    expect(tree).toContain('HoldfastError');
    expect(fencesOf(read('docs/errors.md'))[0]?.text).toBe(tree);
  });

  test('as many hosts are remembered as defaults.md says', () => {
    const said = /`maxHosts` is ([\d,]+)/.exec(read('docs/defaults.md'))?.[1]?.replaceAll(',', '');
    const { hosts } = createFetch();
    for (let host = 0; host <= Number(said); host++) hosts.for(`https://host-${host}.test/`);
    expect(hosts.size).toBe(Number(said));
  });

  test('CONTRIBUTING.md tells of every host that the pages can call', () => {
    const services = readFileSync(`${root}test/support/docs/services.ts`, 'utf8');
    const hosts = [...services.matchAll(/^ {2}'([\w.]+)':/gm)].map(match => match[1] ?? '');
    expect(hosts.length).toBeGreaterThan(10);
    expect(hosts.filter(host => !read('CONTRIBUTING.md').includes(`\`${host}\``))).toEqual([]);
  });

  test('README names the two commands for a fresh machine', () => {
    const commands = fencesOf(read('README.md')).map(({ text }) => text.trim());
    expect(commands.join('\n').split('\n')).toEqual(
      expect.arrayContaining(['npm ci && npm run demo', 'npm ci && npm test']),
    );
  });
});

test.each(allPages.filter(page => quotesOf(page).length > 0))('%s shows files as they are', page => {
  for (const { file, text } of quotesOf(page)) expect(text, file).toBe(read(file).trimEnd());
});

describe('the page of each policy', () => {
  const map = read('docs/index.md');
  const list = map.slice(map.indexOf('**The policies**'), map.indexOf('**Seeing what happens**'));
  const ofPolicies = [...list.matchAll(/\]\(([\w-]+\.md)\)/g)].map(match => `docs/${match[1]}`);

  test.each(
    ofPolicies,
  )('%s says what it is, when, with which defaults, and what to do and not to do', page => {
    const headings = [...proseOf(read(page)).matchAll(/^## (.+)$/gm)].map(match => match[1]);
    const wanted = ['About', 'When', 'Usage', 'Defaults', 'Events', 'Errors', 'Patterns', 'Anti-patterns'];
    expect(wanted.filter(heading => !headings.includes(heading))).toEqual([]);
  });

  test('is on the map', () => {
    expect(ofPolicies.length).toBeGreaterThan(10);
  });
});

test.each(allPages)('the links of %s lead somewhere', page => {
  const broken = relativeLinksOf(page).filter(({ target }) => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : relative(root, resolve(root, dirname(page), path));
    if (!existsSync(`${root}${file}`)) return true;
    return anchor !== undefined && file.endsWith('.md') && !anchorsOf(read(file)).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('README is read in one go', () => {
  expect(read('README.md').split('\n').length).toBeLessThanOrEqual(151);
});

test('every page can be reached from the map', () => {
  const linked = relativeLinksOf('docs/index.md').map(({ target }) => `docs/${target}`);
  const others = allPages.filter(page => page.startsWith('docs/') && page !== 'docs/index.md');
  expect(others.filter(page => !linked.includes(page))).toEqual([]);
});
