/** Makes the next version of the changesets: in package.json, its lock file, jsr.json, and as a heading of the changelog. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { changeset } from './changeset.ts';

const versionIn = (file: string): string => JSON.parse(readFileSync(file, 'utf8')).version;

const before = versionIn('package.json');
changeset('version');
const version = versionIn('package.json');
if (version === before)
  throw new Error(`The version is still ${before}. \`npm run changeset\` says what has changed.`);

execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], { stdio: 'inherit' });
replace('jsr.json', `"version": "${versionIn('jsr.json')}"`, `"version": "${version}"`);
const today = new Date().toISOString().slice(0, 10);
replace('CHANGELOG.md', '## [Unreleased]\n', `## [Unreleased]\n\n## [${version}] - ${today}\n`);

function replace(file: string, old: string, text: string): void {
  const content = readFileSync(file, 'utf8');
  if (!content.includes(old)) throw new Error(`${file} has no ${JSON.stringify(old)}`);
  writeFileSync(file, content.replace(old, text));
}
