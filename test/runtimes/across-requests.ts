/** What requests to one worker do to each other, when the fetch that they share was made as its module was loaded. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from './runner/vitest.ts';
import type { Addresses } from './server.ts';

interface Answer {
  readonly status?: number;
  readonly text?: string;
  readonly code?: string;
  readonly state?: string;
}

/** Has the worker call `url` by one of its doors, in a request of its own. */
export type Ask = (url: string, door?: string) => Promise<Answer>;

type Check = (ask: Ask, story: (answers: string) => string) => Promise<unknown>;

const checks: Readonly<Record<string, readonly [Check, unknown]>> = {
  'a request is served by a fetch that was made at the top of a module': [
    async (ask, story) => (await ask(story('503,200'))).text,
    'status 200',
  ],
  'a circuit that one request opened refuses the next, and closes for a later one': [
    async (ask, story) => {
      const url = story('500,500,500,200');
      const first = await ask(url);
      const second = await ask(url);
      await sleep(500);
      const third = await ask(url);
      return [first.state, second.code, third.text, third.state];
    },
    ['open', 'CIRCUIT_OPEN', 'status 200', 'closed'],
  ],
  'a request that waits for a permit is woken by another': [
    async (ask, story) => {
      const url = story('slow~200');
      const answers = await Promise.all([ask(url, 'narrow'), ask(url, 'narrow'), ask(url, 'narrow')]);
      return answers.map(({ text }) => text);
    },
    ['slow', 'slow', 'slow'],
  ],
  'requests share a coalesced answer': [
    async (ask, story) => {
      const url = story('slow~200');
      const answers = await Promise.all([ask(url, 'shared'), ask(url, 'shared')]);
      return answers.map(({ text }) => text);
    },
    ['slow', 'slow'],
  ],
};

export async function acrossRequests(ask: Ask, { origin }: Addresses): Promise<Result[]> {
  const story = (answers: string) => `${origin}/${randomUUID()}/${answers}`;
  const results: Result[] = [];
  for (const [name, [check, expected]] of Object.entries(checks)) {
    const found = await check(ask, story).catch((error: unknown) => String(error));
    const isSo = JSON.stringify(found) === JSON.stringify(expected);
    const error = `expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`;
    results.push(isSo ? { name, state: 'passed' } : { name, state: 'failed', error });
  }
  return results;
}
