/** What the command was asked for, and where its things are. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { socketSuites, virtualTests } from './selection.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const root: string = here('../../');
export const folder: string = here('.');
/** For what is made on the way. */
export const out: string = here('dist/');

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { verbose: { type: 'boolean', default: false }, files: { type: 'string', default: '' } },
});
export const isVerbose: boolean = values.verbose;
/** The runtimes to run; none for all. */
export const asked: readonly string[] = positionals;

export const allFiles = (): string[] =>
  [...socketSuites, ...virtualTests()].filter(file => new RegExp(values.files).test(file));

export const bin = (name: string): string => here(`node_modules/${name}`);
