/**
 * A process of its own for one candidate, so that none pays for another's garbage, machine code or sockets.
 * The parent keeps the order; a lab works only when told.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { candidates } from './candidates.ts';
import { loadHoldfast } from './holdfast.ts';
import { type Cost, measure, repeat } from './measure.ts';

export interface Round {
  readonly requests: number;
  readonly concurrency: number;
}

export class Lab {
  readonly candidate: string;
  readonly #child: ChildProcess;
  readonly #ended = new AbortController();

  constructor(candidate: string, url: string, build: string) {
    this.candidate = candidate;
    this.#child = fork(import.meta.filename, [candidate, url, build], { execArgv: [] });
    this.#child.once('exit', code =>
      this.#ended.abort(new Error(`The process of "${candidate}" ended with code ${code}.`)),
    );
  }

  async run(round: Round): Promise<Cost> {
    this.#child.send(round);
    const { signal } = this.#ended;
    const [cost] = await once(this.#child, 'message', { signal }).catch(() => Promise.reject(signal.reason));
    return cost;
  }

  close(): void {
    this.#child.kill();
  }
}

async function work(name: string, url: string, build: string): Promise<void> {
  const candidate = candidates.find(each => each.name === name);
  if (!candidate) throw new Error(`No candidate is called "${name}".`);
  const get = await candidate.open(url, () => loadHoldfast(build));
  process.on('message', async ({ requests, concurrency }: Round) => {
    process.send?.(await measure(() => repeat(get, requests, concurrency)));
  });
  process.once('disconnect', () => process.exit());
}

if (import.meta.main) {
  const [name = '', url = '', build = ''] = process.argv.slice(2);
  await work(name, url, build);
}
