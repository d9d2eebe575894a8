/** The TypeScript compiler of a project, run as it is run by hand: every version has a command line. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { GenerationError } from '../open-document.ts';

/** @throws GenerationError if there is none. */
export async function findCompiler(folder: string): Promise<string> {
  for (const from of [folder, '.']) {
    const manifest = resolvedFrom(from);
    if (manifest === undefined) continue;
    const { bin } = JSON.parse(await readFile(manifest, 'utf8'));
    if (typeof bin?.tsc === 'string') return join(dirname(manifest), bin.tsc);
  }
  throw new GenerationError(
    'To verify, the package typescript has to be there: npm install --save-dev typescript',
  );
}

function resolvedFrom(folder: string): string | undefined {
  try {
    return createRequire(join(resolve(folder), 'package.json')).resolve('typescript/package.json');
  } catch {
    return undefined;
  }
}

export interface Diagnostic {
  /** Relative to the folder of the project. */
  readonly file: string;
  readonly line: number;
  /** Of several lines, as the compiler explains. */
  readonly message: string;
}

/** @throws GenerationError if the compiler says something that is about no file. */
export async function diagnosticsOf(compiler: string, folder: string): Promise<Diagnostic[]> {
  const { code, text } = await output(compiler, folder);
  const diagnostics: Diagnostic[] = [];
  for (const line of text.split('\n')) {
    const [, file, at, message] = /^(.+?)\((\d+),\d+\): error (.*)$/.exec(line) ?? [];
    const last = diagnostics.at(-1);
    if (file && message) diagnostics.push({ file, line: Number(at), message });
    else if (last && /^\s+\S/.test(line))
      diagnostics.splice(-1, 1, { ...last, message: `${last.message}\n${line}` });
  }
  if (code !== 0 && diagnostics.length === 0)
    throw new GenerationError(`The TypeScript compiler could not look at the output:\n${text.trim()}`);
  return diagnostics;
}

const output = (compiler: string, folder: string): Promise<{ code: number; text: string }> =>
  new Promise((done, fail) => {
    const args = [compiler, '--project', folder, '--pretty', 'false'];
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 28 }, (error, out, err) => {
      if (error && typeof error.code !== 'number') fail(error);
      else done({ code: Number(error?.code ?? 0), text: `${out}${err}` });
    });
  });
