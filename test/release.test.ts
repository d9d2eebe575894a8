/** What a release stands on: JSR is told of the same doors, and workflows run what they were reviewed with. */
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { obstacles } from '../scripts/release-check.ts';

const { version, exports, license } = JSON.parse(readFileSync('package.json', 'utf8'));
const jsr = JSON.parse(readFileSync('jsr.json', 'utf8'));

test('JSR has the doors of the package, as the sources that they are built from', () => {
  const modules = Object.entries<{ default?: string }>(exports).filter(([, { default: file }]) => file);
  const sources = modules.map(([door, { default: file }]) => [
    door,
    file!.replace('./dist/', './src/').replace(/\.js$/, '.ts'),
  ]);
  expect(jsr.exports).toEqual(Object.fromEntries(sources));
  expect(jsr).toMatchObject({ name: expect.stringMatching(/^@[a-z0-9-]+\/[a-z0-9-]+$/), version, license });
});

test('a release is refused whose tag is not the version, and says why', () => {
  expect(obstacles('v99.0.0')).toContain(`The tag is v99.0.0, and package.json says ${version}.`);
});

interface Workflow {
  readonly permissions: Record<string, string>;
  readonly jobs: Record<
    string,
    { readonly permissions?: Record<string, string>; readonly steps: { uses?: string; run?: string }[] }
  >;
}

const workflows = globSync('.github/workflows/*.yml').map(
  file => [file, parse(readFileSync(file, 'utf8')) as Workflow] as const,
);

test.each(workflows)('%s uses actions by their commit, and may write nothing', (_, { permissions, jobs }) => {
  expect(permissions).toEqual({ contents: 'read' });
  const steps = Object.values(jobs).flatMap(job => job.steps);
  const used = steps.flatMap(({ uses }) => uses ?? []);
  expect(used.length).toBeGreaterThan(0);
  expect(used.filter(action => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
  expect(steps.map(({ run }) => run)).toContain('bash .ci/run');
});

test('what publishes proves where it was built, and checks first', () => {
  const [, release] = workflows.find(([file]) => file.endsWith('release.yml'))!;
  const publish = release.jobs.publish!;
  expect(publish).toMatchObject({ needs: 'check', permissions: { contents: 'read', 'id-token': 'write' } });
  const commands = publish.steps.flatMap(({ run }) => run ?? []);
  const published = commands.findIndex(command => command.includes('publish --provenance'));
  const checked = commands.findIndex(command => command.includes('release-check.ts'));
  expect(checked).toBeGreaterThanOrEqual(0);
  expect(published).toBeGreaterThan(checked);
});
