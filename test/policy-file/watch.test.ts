import { renameSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFetch, type HoldfastEvent, type PolicySet, type PolicySource } from '../../src/index.ts';
import { loadPolicy, PolicyFileError } from '../../src/policy-file/index.ts';
import { runProgram } from '../support/run-program.ts';

let folder: string;
let subscriptions: (() => void)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-watch-'));
});
afterEach(async () => {
  for (const unsubscribe of subscriptions) unsubscribe();
  subscriptions = [];
  await rm(folder, { recursive: true, force: true });
});

const at = (...names: string[]) => join(folder, ...names);
const policyOf = (leaseMs: number) => `leaseMs: ${leaseMs}\n`;

/** Takes what comes in the order in which it comes, and waits for what has not come yet. */
class Inbox<Item> {
  readonly #come: Item[] = [];
  readonly #waiting: ((item: Item) => void)[] = [];

  readonly put = (item: Item): void => {
    const first = this.#waiting.shift();
    if (first) first(item);
    else this.#come.push(item);
  };

  next(): Promise<Item> {
    const item = this.#come.shift();
    return item === undefined ? new Promise(resolve => this.#waiting.push(resolve)) : Promise.resolve(item);
  }

  get size(): number {
    return this.#come.length;
  }
}

/** What the runtime itself has open on the folder of this test. */
function openWatchers(): number {
  const { libuv } = process.report.getReport() as unknown as {
    libuv: { type: string; is_active: boolean; filename?: string | null }[];
  };
  return libuv.filter(
    ({ type, is_active, filename }) => type === 'fs_event' && is_active && filename?.startsWith(folder),
  ).length;
}

type News = PolicySet | Error;

function listen(source: PolicySource | undefined): Inbox<News> {
  const news = new Inbox<News>();
  subscriptions.push(source!.subscribe(news.put, error => news.put(error as Error)));
  return news;
}

/** Follows a file that exists. */
async function follow(path: string): Promise<Inbox<News>> {
  return listen((await loadPolicy(path, { watch: true })).source);
}

/** As an editor saves: the new file takes the place of the old one. */
async function replace(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

describe('a policy file that is watched', () => {
  it('hands over the policy that takes its place', async () => {
    await writeFile(at('policy.yaml'), policyOf(1));
    const news = await follow(at('policy.yaml'));

    await replace(at('policy.yaml'), policyOf(2));
    expect(await news.next()).toEqual({ leaseMs: 2 });
    await replace(at('policy.yaml'), policyOf(3));
    expect(await news.next()).toEqual({ leaseMs: 3 });
  });

  it('hands over what is written over it', async () => {
    await writeFile(at('policy.yaml'), policyOf(1));
    const news = await follow(at('policy.yaml'));

    await writeFile(at('policy.yaml'), policyOf(2));
    expect(await news.next()).toEqual({ leaseMs: 2 });
  });

  it('hands over what has changed between the reading and the listening', async () => {
    await writeFile(at('policy.yaml'), policyOf(1));
    const { source } = await loadPolicy(at('policy.yaml'), { watch: true });
    await writeFile(at('policy.yaml'), policyOf(2));

    expect(await listen(source).next()).toEqual({ leaseMs: 2 });
  });

  it('tells each listener', async () => {
    await writeFile(at('policy.yaml'), policyOf(1));
    const { source } = await loadPolicy(at('policy.yaml'), { watch: true });
    const [one, other] = [listen(source), listen(source)];

    await replace(at('policy.yaml'), policyOf(2));

    expect(await one.next()).toEqual({ leaseMs: 2 });
    expect(await other.next()).toEqual({ leaseMs: 2 });
  });

  it('tells what is wrong with it, once, and goes on', async () => {
    await writeFile(at('policy.yaml'), policyOf(1));
    const news = await follow(at('policy.yaml'));

    await replace(at('policy.yaml'), 'leaseMs: -1\n');
    const error = await news.next();
    await replace(at('policy.yaml'), 'leaseMs: -1\n');
    await replace(at('policy.yaml'), policyOf(1));

    expect(error).toBeInstanceOf(PolicyFileError);
    expect(error).toMatchObject({ line: 1, column: 10 });
    expect(await news.next()).toEqual({ leaseMs: 1 });
  });

  it('says that it is gone, and comes back', async () => {
    await writeFile(at('policy.yaml'), policyOf(1));
    const news = await follow(at('policy.yaml'));

    await unlink(at('policy.yaml'));
    expect(await news.next()).toMatchObject({ code: 'POLICY_FILE', cause: { code: 'ENOENT' } });
    await replace(at('policy.yaml'), policyOf(1));
    expect(await news.next()).toEqual({ leaseMs: 1 });
  });

  it('says only once that it is gone, whatever else happens in its folder', async () => {
    await writeFile(at('policy.yaml'), policyOf(1));
    await writeFile(at('other.yaml'), policyOf(1));
    const news = await follow(at('policy.yaml'));
    const other = await follow(at('other.yaml'));

    await unlink(at('policy.yaml'));
    await news.next();
    for (const leaseMs of [2, 3, 4]) {
      await replace(at('other.yaml'), policyOf(leaseMs));
      await other.next();
    }
    await replace(at('policy.yaml'), policyOf(1));

    expect(await news.next()).toEqual({ leaseMs: 1 });
  });

  it('is no news while it says the same, whatever else happens in its folder', async () => {
    await writeFile(at('policy.yaml'), policyOf(1));
    const news = await follow(at('policy.yaml'));

    await replace(at('policy.yaml'), policyOf(1));
    await writeFile(at('other.yaml'), policyOf(5));
    await replace(at('policy.yaml'), policyOf(2));

    expect(await news.next()).toEqual({ leaseMs: 2 });
    expect(news.size).toBe(0);
  });

  it('is followed through the links that Kubernetes swaps', async () => {
    const publish = async (version: string, content: string) => {
      await mkdir(at(version));
      await writeFile(at(version, 'policy.yaml'), content);
      await symlink(version, at('..data_tmp'));
      await rename(at('..data_tmp'), at('..data'));
    };
    await publish('..2026_01_01', policyOf(1));
    await symlink(join('..data', 'policy.yaml'), at('policy.yaml'));
    const news = await follow(at('policy.yaml'));

    await publish('..2026_01_02', policyOf(2));
    await rm(at('..2026_01_01'), { recursive: true });
    expect(await news.next()).toEqual({ leaseMs: 2 });
    await publish('..2026_01_03', policyOf(3));
    expect(await news.next()).toEqual({ leaseMs: 3 });
  });

  it('is followed through a link to its folder, and in the folder that the link then leads to', async () => {
    for (const [name, leaseMs] of [
      ['release-1', 1],
      ['release-2', 2],
    ] as const) {
      await mkdir(at(name));
      await writeFile(at(name, 'policy.yaml'), policyOf(leaseMs));
    }
    await symlink(at('release-1'), at('current'));
    const news = await follow(at('current', 'policy.yaml'));

    await symlink(at('release-2'), at('next'));
    await rename(at('next'), at('current'));
    expect(await news.next()).toEqual({ leaseMs: 2 });
    await replace(at('release-2', 'policy.yaml'), policyOf(3));
    expect(await news.next()).toEqual({ leaseMs: 3 });
  });

  it('is followed through a link to a file elsewhere', async () => {
    await mkdir(at('shared'));
    await writeFile(at('shared', 'common.yaml'), policyOf(1));
    await symlink(join('shared', 'common.yaml'), at('policy.yaml'));
    const news = await follow(at('policy.yaml'));

    await replace(at('shared', 'common.yaml'), policyOf(2));
    expect(await news.next()).toEqual({ leaseMs: 2 });
  });

  it('is followed into another folder that takes the place of its own', async () => {
    await mkdir(at('config'));
    await mkdir(at('config-2'));
    await writeFile(at('config', 'policy.yaml'), policyOf(1));
    await writeFile(at('config-2', 'policy.yaml'), policyOf(2));
    const news = await follow(at('config', 'policy.yaml'));

    await rm(at('config'), { recursive: true });
    expect(await news.next()).toMatchObject({ cause: { code: 'ENOENT' } });
    await rename(at('config-2'), at('config'));
    expect(await news.next()).toEqual({ leaseMs: 2 });
    await replace(at('config', 'policy.yaml'), policyOf(3));
    expect(await news.next()).toEqual({ leaseMs: 3 });
  });

  it('is followed into a folder that is swapped for its own in no time', async () => {
    await mkdir(at('config'));
    await mkdir(at('config-2'));
    await writeFile(at('config', 'policy.yaml'), policyOf(1));
    await writeFile(at('config-2', 'policy.yaml'), policyOf(3));
    const news = await follow(at('config', 'policy.yaml'));
    // So that the first look, which needs no event, is over.
    await replace(at('config', 'policy.yaml'), policyOf(2));
    expect(await news.next()).toEqual({ leaseMs: 2 });

    renameSync(at('config'), at('config-1'));
    renameSync(at('config-2'), at('config'));
    expect(await news.next()).toEqual({ leaseMs: 3 });
    await replace(at('config', 'policy.yaml'), policyOf(4));
    expect(await news.next()).toEqual({ leaseMs: 4 });
  });

  it('is followed no longer than somebody listens', async () => {
    await writeFile(at('policy.yaml'), policyOf(1));
    const { source } = await loadPolicy(at('policy.yaml'), { watch: true });
    const left = new Inbox<News>();
    const unsubscribe = source!.subscribe(left.put, error => left.put(error as Error));
    const news = listen(source);

    await replace(at('policy.yaml'), policyOf(2));
    expect(await left.next()).toEqual({ leaseMs: 2 });
    expect(await news.next()).toEqual({ leaseMs: 2 });
    const watched = openWatchers();
    unsubscribe();
    unsubscribe();
    expect(watched).toBeGreaterThan(0);
    expect(openWatchers()).toBe(watched / 2);
    await replace(at('policy.yaml'), policyOf(3));
    expect(await news.next()).toEqual({ leaseMs: 3 });
    await replace(at('policy.yaml'), policyOf(4));
    expect(await news.next()).toEqual({ leaseMs: 4 });

    expect(left.size).toBe(0);
  });

  it('keeps no process alive', async ({ signal }) => {
    await writeFile(at('policy.yaml'), policyOf(1));
    const program = new URL('./programs/watches-only.ts', import.meta.url);

    const result = await runProgram(program, { args: [at('policy.yaml')], signal });

    expect(result).toEqual({ code: 0, stdout: 'watching\n', stderr: '' });
  });
});

describe('a fetch whose policy file is watched', () => {
  it('goes by the new policy, keeps the old one where the new one is wrong, and ends with close()', async () => {
    await writeFile(at('policy.yaml'), 'retry: false\n');
    const events = new Inbox<HoldfastEvent>();
    let attempts = 0;
    const fetch = createFetch({
      ...(await loadPolicy(at('policy.yaml'), { watch: true })),
      fetch: async () => {
        attempts++;
        return new Response(null, { status: 503 });
      },
      observe: event => void (event.type.startsWith('policy-') && events.put(event)),
    });
    const attemptsOfCall = async () => {
      attempts = 0;
      await fetch('https://payments.internal/');
      return attempts;
    };

    expect(await attemptsOfCall()).toBe(1);

    await replace(at('policy.yaml'), 'retry: { maxRetries: 1, baseDelayMs: 0 }\n');
    expect(await events.next()).toEqual({ type: 'policy-updated', error: undefined });
    expect(await attemptsOfCall()).toBe(2);

    await replace(at('policy.yaml'), 'retry: { maxRetries: lots }\n');
    expect(await events.next()).toMatchObject({ type: 'policy-refused', error: { line: 1, column: 22 } });
    expect(await attemptsOfCall()).toBe(2);

    await fetch.close();
    await replace(at('policy.yaml'), 'retry: false\n');
    const news = await follow(at('policy.yaml'));
    await replace(at('policy.yaml'), 'retry: { maxRetries: 3 }\n');
    await news.next();
    expect(events.size).toBe(0);
  });
});
