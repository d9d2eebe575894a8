/**
 * What stands in for `vitest` where vitest itself does not run: the same words for suites and tests, its own `expect` and
 * its own spies, and `runFile()` in place of its runner.
 */
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  customMatchers,
  GLOBAL_EXPECT,
  getState,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect';
import { fn, restoreAllMocks, spyOn } from '@vitest/spy';

export interface Result {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly error?: string;
}

type Work = (...args: never[]) => unknown;

interface Suite {
  readonly name: string;
  readonly outer: Suite | undefined;
  readonly members: (Suite | Test)[];
  readonly before: Work[];
  readonly after: Work[];
  readonly beforeAll: Work[];
  readonly afterAll: Work[];
  readonly skip: boolean;
}

interface Test {
  readonly name: string;
  readonly work: Work;
  readonly limitMs: number;
  readonly skip: boolean;
}

const defaultLimitMs = 15_000;

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

const matchers = globalThis as unknown as Record<symbol, object>;

export const expect = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
) as never as typeof chai.expect & Record<string, unknown>;
Object.assign(expect, {
  getState: () => getState(expect as never),
  setState: (state: object) => setState(state, expect as never),
  unreachable: (message?: string) => chai.assert.fail(message ?? 'expected not to be reached'),
});
Object.assign(expect, matchers[ASYMMETRIC_MATCHERS_OBJECT]);
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect, configurable: true, writable: true });
setState({ assertionCalls: 0, isExpectingAssertions: false } as never, expect as never);
(chai.expect as unknown as { extend(expect: unknown, matchers: object): void }).extend(expect, {
  ...customMatchers,
  toMatchInlineSnapshot(value: unknown, snapshot: string) {
    const wanted = dedent(snapshot);
    const shown = typeof value === 'string' ? `"${value}"` : JSON.stringify(value, undefined, 2);
    return {
      pass: shown === wanted,
      message: () => 'not what the snapshot says',
      actual: shown,
      expected: wanted,
    };
  },
});

/** Without the empty first and last line, and the indentation of the first that is not. */
function dedent(text: string): string {
  const lines = text.split('\n');
  if (lines.length < 2) return text;
  const inner = lines.slice(1, -1);
  const indent = inner[0]?.match(/^\s*/)?.[0].length ?? 0;
  return inner.map(line => (line.slice(0, indent).trim() === '' ? line.slice(indent) : line)).join('\n');
}

let current = suiteOf('', undefined, false);

function suiteOf(name: string, outer: Suite | undefined, skip: boolean): Suite {
  return { name, outer, skip, members: [], before: [], after: [], beforeAll: [], afterAll: [] };
}

function addSuite(skip: boolean, name: unknown, ...rest: unknown[]): void {
  const work = rest.find(part => typeof part === 'function') as Work | undefined;
  const suite = suiteOf(textOf(name), current, skip || current.skip);
  current.members.push(suite);
  current = suite;
  try {
    (work as (() => void) | undefined)?.();
  } finally {
    current = suite.outer as Suite;
  }
}

function addTest(skip: boolean, name: unknown, ...rest: unknown[]): void {
  const work = rest.find(part => typeof part === 'function') as Work | undefined;
  const options = rest.find(part => typeof part === 'object') as { timeout?: number } | undefined;
  const limitMs = (rest.find(part => typeof part === 'number') as number | undefined) ?? options?.timeout;
  current.members.push({
    name: textOf(name),
    work: work ?? (() => {}),
    limitMs: limitMs ?? defaultLimitMs,
    skip: skip || current.skip || !work,
  });
}

type Add = (skip: boolean, name: unknown, ...rest: unknown[]) => void;

/** `test`, `test.each`, `test.skipIf` and so on, over either of the two. */
function words(add: Add, skip = false): unknown {
  const each = (...table: unknown[]) => {
    const rows = isTemplate(table[0]) ? readTable(table) : (table[0] as readonly unknown[]);
    return (name: unknown, ...rest: unknown[]) => {
      const work = rest.find(part => typeof part === 'function') as Work;
      const others = rest.filter(part => part !== work);
      rows.forEach((row, index) => {
        const args = Array.isArray(row) ? row : [row];
        add(skip, format(textOf(name), args, index), ...others, () => work(...(args as never[])));
      });
    };
  };
  const word = (name: unknown, ...rest: unknown[]) => add(skip, name, ...rest);
  Object.assign(word, {
    each,
    for: (rows: readonly unknown[]) => (name: unknown, work: Work) =>
      rows.forEach((row, index) => {
        add(skip, format(textOf(name), Array.isArray(row) ? row : [row], index), () => work(row as never));
      }),
    skipIf: (condition: unknown) => words(add, skip || Boolean(condition)),
    runIf: (condition: unknown) => words(add, skip || !condition),
  });
  const lazily = (get: () => unknown): PropertyDescriptor => ({ get, enumerable: true });
  return Object.defineProperties(word, {
    skip: lazily(() => (skip ? word : words(add, true))),
    only: lazily(() => word),
    concurrent: lazily(() => word),
  });
}

export const test = words(addTest) as never as (name: string, work: Work) => void;
export const it: typeof test = test;
export const describe = words(addSuite) as typeof test;

export const beforeEach = (work: Work): unknown => current.before.push(work);
export const afterEach = (work: Work): unknown => current.after.push(work);
export const beforeAll = (work: Work): unknown => current.beforeAll.push(work);
export const afterAll = (work: Work): unknown => current.afterAll.push(work);

const finished: Work[] = [];
export const onTestFinished = (work: Work): unknown => finished.push(work);

let running: readonly Suite[] = [];

/** As much of it as `@fast-check/vitest` asks for. */
export const TestRunner = {
  createTaskCollector: (): unknown =>
    Object.assign((name: string, work: Work) => test(name, work), {
      each: (test as unknown as { each: unknown }).each,
    }),
  getCurrentTest: () => ({ suite: { filepath: '' }, context: { onTestFinished, expect } }),
  getSuiteHooks: () => ({
    beforeEach: running.flatMap(suite => suite.before),
    afterEach: running.flatMap(suite => suite.after),
  }),
};

const environment = new Map<string, string | undefined>();
const stubbed = new Map<string, PropertyDescriptor | undefined>();

const notHere = (what: string) => (): never => {
  throw new Error(`NOT_HERE ${what}`);
};

/** What of `vi` needs no runner of vitest's own. */
export const vi = {
  useFakeTimers: notHere('vi.useFakeTimers'),
  useRealTimers(): void {},
  resetModules: notHere('vi.resetModules'),
  fn,
  spyOn,
  restoreAllMocks,
  stubGlobal(name: string, value: unknown): void {
    if (!stubbed.has(name)) stubbed.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: true });
  },
  unstubAllGlobals(): void {
    for (const [name, descriptor] of stubbed) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete (globalThis as Record<string, unknown>)[name];
    }
    stubbed.clear();
  },
  stubEnv(name: string, value: string | undefined): void {
    const { env } = process;
    if (!environment.has(name)) environment.set(name, env[name]);
    if (value === undefined) delete env[name];
    else env[name] = value;
  },
  unstubAllEnvs(): void {
    const before = [...environment];
    environment.clear();
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  },
};

/** Runs the tests that a module adds when it is loaded, one after the other. */
export async function runFile(
  load: () => Promise<unknown>,
  isSkipped: (name: string) => boolean,
): Promise<Result[]> {
  const root = suiteOf('', undefined, false);
  current = root;
  try {
    await load();
  } catch (error) {
    const state = isNotHere(error) ? 'skipped' : 'failed';
    return [{ name: '(loading)', state, error: describeError(error) }];
  }
  const results: Result[] = [];
  await runSuite(root, [], results, isSkipped);
  return results;
}

async function runSuite(
  suite: Suite,
  path: readonly Suite[],
  results: Result[],
  isSkipped: (name: string) => boolean,
): Promise<void> {
  const inner = [...path, suite];
  const nameOf = (name: string) => [...inner.slice(1).map(one => one.name), name].join(' > ');
  try {
    for (const work of suite.beforeAll) await (work as () => unknown)();
  } catch (error) {
    results.push({ name: nameOf('(beforeAll)'), state: 'failed', error: describeError(error) });
    return;
  }
  for (const member of suite.members) {
    if ('members' in member) await runSuite(member, inner, results, isSkipped);
    else {
      const name = nameOf(member.name);
      if (member.skip || isSkipped(name)) results.push({ name, state: 'skipped' });
      else results.push(await runTest(member, inner, name));
    }
  }
  for (const work of suite.afterAll) await (work as () => unknown)();
}

async function runTest(test: Test, suites: readonly Suite[], name: string): Promise<Result> {
  let failure: { readonly error: unknown } | undefined;
  const attempt = async (work: Work) => {
    try {
      await (work as (context: object) => unknown)({ onTestFinished, expect });
    } catch (error) {
      failure ??= { error };
    }
  };
  setState({ currentTestName: name, assertionCalls: 0 } as never, expect as never);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<void>(resolve => {
    timer = setTimeout(() => {
      failure ??= { error: new Error(`no end within ${test.limitMs} ms`) };
      resolve();
    }, test.limitMs);
  });
  running = suites;
  const whole = (async () => {
    for (const suite of suites) for (const work of suite.before) await attempt(work);
    if (!failure) await attempt(test.work);
    for (const suite of suites.toReversed()) for (const work of suite.after) await attempt(work);
    for (const work of finished.splice(0)) await attempt(work);
  })();
  await Promise.race([whole, tooLate]);
  clearTimeout(timer);
  if (!failure) return { name, state: 'passed' };
  return isNotHere(failure.error)
    ? { name, state: 'skipped' }
    : { name, state: 'failed', error: describeError(failure.error) };
}

/** What a test asks for and a runtime has not, it is not about. */
function isNotHere(error: unknown): boolean {
  for (let link = error; link instanceof Error; link = link.cause)
    if (/^NOT_HERE /.test(link.message)) return true;
  return false;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? '';
  const text = stack.includes(error.message) ? stack : `${error.name}: ${error.message}\n${stack}`;
  return text.split('\n').slice(0, 14).join('\n');
}

const textOf = (name: unknown): string =>
  typeof name === 'function' ? name.name || 'anonymous' : String(name);

const isTemplate = (value: unknown): boolean => Array.isArray(value) && 'raw' in value;

/** A table in a template literal: the headings in its text, the cells in its holes. */
function readTable([strings, ...cells]: unknown[]): Record<string, unknown>[] {
  const names = ((strings as readonly string[])[0] ?? '').split('|').map(name => name.trim());
  const rows: Record<string, unknown>[] = [];
  for (let at = 0; at < cells.length; at += names.length) {
    rows.push(Object.fromEntries(names.map((name, column) => [name, cells[at + column]])));
  }
  return rows;
}

function format(name: string, args: readonly unknown[], index: number): string {
  let next = 0;
  const filled = name.replace(/%([sdifjo#%])/g, (whole, kind: string) => {
    if (kind === '%') return '%';
    if (kind === '#') return String(index);
    if (next >= args.length) return whole;
    const value = args[next++];
    return kind === 'j' ? (JSON.stringify(value) ?? String(value)) : show(value);
  });
  const [first] = args;
  if (typeof first !== 'object' || first === null) return filled;
  return filled.replace(/\$(\w+(?:\.\w+)*)/g, (whole, path: string) => {
    let value: unknown = first;
    for (const key of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[key];
    return value === undefined ? whole : show(value);
  });
}

function show(value: unknown): string {
  try {
    return isPlain(value) ? JSON.stringify(value) : String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

const isPlain = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !(value instanceof Error);
