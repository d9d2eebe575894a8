import { execFileSync } from 'node:child_process';

/** Code as this repository's formatter has it. */
export const formatted = (code: string): string =>
  execFileSync('node_modules/.bin/biome', ['format', '--stdin-file-path=printed.ts'], {
    input: code,
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
