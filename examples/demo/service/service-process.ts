import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, type Play, type Report, toArguments } from './protocol.ts';

const START_LIMIT_MS = 10_000;

/** One unreliable service, run as a child process that can be killed and started again. */
export class ServiceProcess {
  /** The orders it has executed, in a file that survives it. */
  readonly ledgerPath: string;
  /** Rejects when the process dies without being told to. */
  readonly died: Promise<never>;
  readonly #client: string;
  readonly #onRequest: (call: number) => void;
  #reportDeath!: (error: Error) => void;
  #child: ChildProcess | undefined;
  #port = 0;
  #fault: Fault = 'healthy';
  #stopped = false;

  /** @param client - whose service it is, for messages. */
  constructor(client: string, ledgerPath: string, onRequest: (call: number) => void) {
    this.#client = client;
    this.ledgerPath = ledgerPath;
    this.#onRequest = onRequest;
    this.died = new Promise((_, reject) => {
      this.#reportDeath = reject;
    });
    this.died.catch(() => {});
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves once the service listens, on the port that it had before, if it had one. */
  async start(): Promise<void> {
    const options = { port: this.#port, ledgerPath: this.ledgerPath, fault: this.#fault };
    const child = fork(new URL('process.ts', import.meta.url), toArguments(options));
    this.#child = child;
    child.on('exit', (code, signal) => {
      if (this.#child === child)
        this.#reportDeath(this.#error(`died by itself (${signal ?? `exit code ${code}`})`));
    });
    await Promise.race([this.#listening(child), this.died, this.#tooLate()]);
  }

  #listening(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      child.on('message', (report: Report) => {
        if (report.type === 'request') return this.#onRequest(report.call);
        if (report.type === 'failed') return reject(this.#error(`cannot listen: ${report.message}`));
        this.#port = report.port;
        resolve();
      });
    });
  }

  async #tooLate(): Promise<never> {
    await sleep(START_LIMIT_MS, undefined, { ref: false });
    throw this.#error(`did not start within ${START_LIMIT_MS / 1_000} s`);
  }

  #error(what: string): Error {
    return new Error(`The service that ${this.#client} talks to ${what}.`);
  }

  /** Plays the fault from now on. A process that is down plays it once it is up again. */
  play(fault: Fault): void {
    this.#fault = fault;
    if (this.#child?.connected) this.#child.send({ fault } satisfies Play);
  }

  /** Dies in the middle of whatever it is doing, as the kernel's out-of-memory killer does it, and comes back. */
  async crash(downMs: number): Promise<void> {
    await this.#kill();
    await sleep(downMs);
    if (!this.#stopped) await this.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#kill();
  }

  async #kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
