/** Runs the command `holdfast` from its sources. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export const runIn = (cwd: string | undefined, ...args: string[]): Promise<Run> =>
  new Promise(resolve => {
    execFile(process.execPath, [main, ...args], { timeout: 150_000, cwd }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

export const run = (...args: string[]): Promise<Run> => runIn(undefined, ...args);
