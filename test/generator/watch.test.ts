import { spawn } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { watchAndMake } from '../../src/cli/watch.ts';
import type { Clock } from '../../src/pipeline/clock.ts';
import { main } from './run-command.ts';
import { operationOf, workFolder } from './support.ts';

let folder: string;
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await workFolder();
});

/** Timers that go off when they are told to. */
class HandClock implements Clock {
  readonly timers = new Set<() => void>();
  #onTimer: () => void = () => {};
  now = () => 0;
  date = () => Date.now();
  unrefTimer = () => {};
  clearTimer = (timer: unknown) => void this.timers.delete(timer as () => void);
  setTimer = (callback: () => void) => {
    this.timers.add(callback);
    this.#onTimer();
    return callback;
  };

  /** Waits for a timer. */
  async set(): Promise<void> {
    if (this.timers.size > 0) return;
    await new Promise<void>(resolve => {
      this.#onTimer = resolve;
    });
  }

  /** Waits for a timer, and lets it go off. */
  async elapse(): Promise<void> {
    await this.set();
    const [timer] = this.timers;
    this.timers.clear();
    timer?.();
  }
}

/** What is made, one by one. */
function watching(files: () => readonly string[]) {
  const clock = new HandClock();
  const ending = new AbortController();
  let made = 0;
  let onMade: () => void = () => {};
  const make = async () => {
    made += 1;
    onMade();
    return files();
  };
  const done = watchAndMake({ files: files(), make, signal: ending.signal, clock });
  const making = async (count: number) => {
    while (made < count)
      await new Promise<void>(resolve => {
        onMade = resolve;
      });
    return made;
  };
  return { clock, making, done, signal: ending.signal, end: () => ending.abort() };
}

describe('what is watched', () => {
  test('is made again when a file changes or is replaced, once for changes that come together', async () => {
    await writeFile(at('a'), '1');
    await writeFile(at('b'), '1');
    const { clock, making, done, end } = watching(() => [at('a'), at('b')]);
    await making(1);
    await writeFile(at('a'), '2');
    await writeFile(at('b'), '2');
    await clock.elapse();
    expect(await making(2)).toBe(2);
    await writeFile(at('c'), '3');
    await rename(at('c'), at('a'));
    await clock.elapse();
    expect(await making(3)).toBe(3);
    end();
    await done;
    expect(clock.timers.size).toBe(0);
  });

  test('includes files that are not there yet, and folders that were not known before', async () => {
    await mkdir(at('sub'));
    let files = [at('a')];
    const { clock, making, done, end } = watching(() => files);
    await making(1);
    files = [at('a'), at('sub/b')];
    await writeFile(at('a'), '1');
    await clock.elapse();
    await making(2);
    await writeFile(at('sub/b'), '1');
    await clock.elapse();
    expect(await making(3)).toBeGreaterThanOrEqual(3);
    end();
    await done;
  });

  test.each([
    false,
    true,
  ])('ends while it is waiting, and leaves nothing set (after a change: %o)', async hasChange => {
    const { clock, done, end, making, signal } = watching(() => [at('a')]);
    await making(1);
    if (hasChange) {
      await writeFile(at('a'), '1');
      await clock.set();
    }
    end();
    await done;
    expect(clock.timers.size).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

/** Text as it comes, and a wait for some of it. */
function heard(stream: NodeJS.ReadableStream) {
  let text = '';
  let onText: () => void = () => {};
  stream.setEncoding('utf8').on('data', chunk => {
    text += chunk;
    onText();
  });
  return async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(text))
      await new Promise<void>(resolve => {
        onText = resolve;
      });
    const [found] = pattern.exec(text) as RegExpExecArray;
    text = text.slice(text.indexOf(found) + found.length);
    return found;
  };
}

test('holdfast generate --watch writes again, survives what is broken, and ends with 0', {
  timeout: 120_000,
}, async () => {
  const operation = (id: string) => JSON.stringify({ get: { operationId: id, responses: { 204: {} } } });
  const document = { ...operationOf({}), paths: { '/things': { $ref: './things.json' } } };
  await writeFile(at('openapi.json'), JSON.stringify(document));
  await writeFile(at('things.json'), operation('one'));
  await writeFile(
    at('holdfast.config.json'),
    JSON.stringify({ generate: [{ input: 'openapi.json', output: 'api' }] }),
  );
  const child = spawn(process.execPath, [main, 'generate', '--watch'], { cwd: folder });
  const [out, err] = [heard(child.stdout), heard(child.stderr)];
  await out(/1 file written/);
  await err(/Watching 3 files; Ctrl\+C ends it\./);

  await writeFile(at('things.json'), operation('two'));
  await out(/1 file written/);
  await err(/Watching/);

  await writeFile(at('things.json'), '{');
  await err(/leads to things\.json, which is neither YAML nor JSON[\s\S]*Watching 3 files/);
  expect(await readFile(at('api/index.ts'), 'utf8')).toContain('two');
  await rm(at('things.json'));
  await err(/leads nowhere: things\.json is not there[\s\S]*Watching 3 files/);
  await writeFile(at('things.json'), operation('three'));
  await out(/1 file written/);
  await err(/Watching/);

  await writeFile(at('openapi.json'), '{');
  await err(/error: openapi\.json:1:\d+ is neither YAML nor JSON[\s\S]*Watching 3 files/);
  await writeFile(at('openapi.json'), JSON.stringify(document));
  await out(/0 files written, 1 unchanged/);
  await err(/Watching/);

  await writeFile(at('holdfast.config.json'), '{');
  await err(/error: holdfast\.config\.json cannot be loaded[\s\S]*Watching 3 files/);
  await writeFile(
    at('holdfast.config.json'),
    JSON.stringify({ generate: [{ input: 'openapi.json', output: 'other' }] }),
  );
  await out(/other: 1 operation/);
  await err(/Watching/);

  await writeFile(
    at('holdfast.config.json'),
    JSON.stringify({ generate: [{ input: 'openapi.json', output: 'other', emit: 'js' }] }),
  );
  await out(/other: .*2 files written, 1 removed/);
  await err(/Watching/);
  expect((await readdir(at('other'))).sort()).toEqual(['index.d.ts', 'index.js']);

  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([0, null]);
});

test.each([
  ['is ended by Ctrl+C', { ...operationOf({}) }, 0],
  ['ends by itself, as its options are wrong', undefined, 2],
])('a watch that %s takes off what it had set for signals', async (_, document, code) => {
  if (document) await writeFile(at('openapi.json'), JSON.stringify(document));
  const command = {
    name: 'generate',
    input: 'openapi.json',
    options: { output: 'api', ...(document ? {} : { dates: 'never' }) },
    isWatching: true,
  };
  const source = fileURLToPath(new URL('../../src/cli/run-generate.ts', import.meta.url));
  const program = `
    import { runGenerate } from ${JSON.stringify(source)};
    const count = () => process.eventNames().map(name => [name, process.listenerCount(name)]);
    const before = count();
    const code = await runGenerate({ ...${JSON.stringify(command)}, config: undefined });
    console.log(JSON.stringify({ code, before, after: count() }));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder });
  const [out, err] = [heard(child.stdout), heard(child.stderr)];
  if (document) {
    await err(/Watching 1 file; Ctrl\+C ends it\./);
    child.kill('SIGINT');
  }
  const said = JSON.parse(await out(/\{"code".*\}/));
  expect(said.code).toBe(code);
  expect(said.after).toEqual(said.before);
  // Nothing is left that would keep the process, or let it survive another Ctrl+C.
  expect(await once(child, 'close')).toEqual([0, null]);
});
