/** The program that runs the files of a bundle beside it, in any runtime. */
import { type Skip, skips } from './selection.ts';
import type { Addresses } from './server.ts';

const skipsOf = (runtime: string): readonly Skip[] =>
  skips.filter(({ runtimes }) => runtimes.includes(runtime));

/** By the path of the file and the name of the test. */
export const isSkipped = (runtime: string, file: string, name: string): boolean =>
  skipsOf(runtime).some(skip => file.includes(skip.file) && name.includes(skip.name ?? ''));

/** What a program needs to run the files of a bundle beside it. */
export const playing = (runtime: string, addresses: Addresses, code: string): string => `
globalThis.HOLDFAST_SERVICE = ${JSON.stringify(addresses)};
const { files, runFile } = await import(${JSON.stringify(code)});
const skips = ${JSON.stringify(skipsOf(runtime))};
const isSkipped = (file, name) => skips.some(skip => file.includes(skip.file) && name.includes(skip.name ?? ''));
export const names = Object.keys(files);
export const play = file => runFile(files[file], name => isSkipped(file, name));
`;
