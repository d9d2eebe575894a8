/**
 * A process of its own for one candidate, so that none pays for another's garbage, machine code or sockets.
 * The parent keeps the order; a lab works only when told.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { candidates, type Get } from './candidates.ts';
import { loadHoldfast } from './holdfast.ts';
import { hostTasks } from './host-tasks.ts';
import { type Cost, measure, repeat } from './measure.ts';
import { type OpenLoop, pace } from './pace.ts';
import { transferTasks } from './transfer-tasks.ts';

/** What one candidate does before the next has its turn: a few slices, each measured by itself. */
export interface Turn {
  readonly slices: number;
  readonly requestsPerSlice: number;
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

  /** What each slice of the turn took, per request. */
  async run(turn: Turn): Promise<Cost[]> {
    return this.#ask(turn);
  }

  /** How long each request took from the instant it was due, in milliseconds. */
  async runOpenLoop(loop: OpenLoop): Promise<number[]> {
    return this.#ask(loop);
  }

  async #ask<Answer>(question: Turn | OpenLoop): Promise<Answer> {
    this.#child.send(question);
    const { signal } = this.#ended;
    const [answer] = await once(this.#child, 'message', { signal }).catch(() =>
      Promise.reject(signal.reason),
    );
    return answer;
  }

  close(): void {
    this.#child.kill();
  }
}

async function work(name: string, url: string, build: string): Promise<void> {
  const candidate = [...candidates, ...transferTasks, ...hostTasks].find(each => each.name === name);
  if (!candidate) throw new Error(`No candidate is called "${name}".`);
  const get = await candidate.open(url, () => loadHoldfast(build));
  process.on('message', async (question: Turn | OpenLoop) =>
    process.send?.('perSecond' in question ? await pace(question, get) : await take(question, get)),
  );
  process.once('disconnect', () => process.exit());
}

async function take({ slices, requestsPerSlice, concurrency }: Turn, get: Get): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (let slice = 0; slice < slices; slice++) {
    const { cpuMicros, wallMicros } = await measure(() => repeat(get, requestsPerSlice, concurrency));
    costs.push({ cpuMicros: cpuMicros / requestsPerSlice, wallMicros: wallMicros / requestsPerSlice });
  }
  return costs;
}

if (import.meta.main) {
  const [name = '', url = '', build = ''] = process.argv.slice(2);
  await work(name, url, build);
}
