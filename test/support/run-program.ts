import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ProgramResult {
  /** The exit code; null if the process was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program in a process of its own until it ends by itself.
 * Give it the test's own `signal`, so that a program that hangs goes when the test gives up.
 */
export function runProgram(
  program: URL,
  {
    args = [],
    flags = [],
    env = {},
    signal,
  }: {
    args?: readonly string[];
    flags?: readonly string[];
    /** Beside what the environment holds. */
    env?: Readonly<Record<string, string>>;
    signal: AbortSignal;
  },
): Promise<ProgramResult> {
  return new Promise(resolve => {
    const command = [...flags, fileURLToPath(program), ...args];
    const options = { signal, env: { ...process.env, ...env } };
    const child = execFile(process.execPath, command, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}
