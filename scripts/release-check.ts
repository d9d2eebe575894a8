/** Whether this commit may be released under a tag: `node scripts/release-check.ts v1.2.3`. */
import { globSync, readFileSync } from 'node:fs';

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

/** What stands in the way; nothing if it may. */
export function obstacles(tag: string): string[] {
  const { version } = JSON.parse(read('package.json'));
  const { version: onJsr } = JSON.parse(read('jsr.json'));
  const pending = globSync('.changeset/*.md', { cwd: new URL('..', import.meta.url) }).filter(
    file => !file.endsWith('README.md'),
  );
  const heading = new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d{2}-\\d{2}$`, 'm');
  return [
    ...(tag === `v${version}` ? [] : [`The tag is ${tag}, and package.json says ${version}.`]),
    ...(onJsr === version ? [] : [`jsr.json says ${onJsr}, and package.json ${version}.`]),
    ...(pending.length === 0
      ? []
      : [`There are changesets left: ${pending.join(', ')}. \`npm run release:prepare\` takes them up.`]),
    ...(heading.test(read('CHANGELOG.md'))
      ? []
      : [`CHANGELOG.md has no heading "## [${version}] - <date>".`]),
  ];
}

if (import.meta.main) {
  const found = obstacles(process.argv[2] ?? '');
  for (const obstacle of found) console.error(obstacle);
  process.exitCode = found.length > 0 ? 1 : 0;
}
