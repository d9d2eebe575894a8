/**
 * Changesets for the one package that is published: `node scripts/changeset.ts [what it is to do]`.
 *
 * Where there are workspaces, changesets knows these alone and not the package around them; ours are compilers for tests.
 * So it does not see them while it is at work.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const manifest = new URL('../package.json', import.meta.url);

/** @throws Error if it does not succeed. */
export function changeset(...what: string[]): void {
  const present = JSON.parse(readFileSync(manifest, 'utf8'));
  write({ ...present, workspaces: undefined });
  try {
    const { status } = spawnSync('npx', ['--yes', '@changesets/cli@3.0.3', ...what], { stdio: 'inherit' });
    if (status !== 0) throw new Error('changesets did not succeed; what it says stands above.');
  } finally {
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
    write({ ...present, version });
  }
}

const write = (content: object): void => writeFileSync(manifest, `${JSON.stringify(content, null, 2)}\n`);

if (import.meta.main) changeset(...process.argv.slice(2));
