/** What the package declares is what is checked in under `test/api/`, so that every change of it is seen in review. */
import { expect, test } from 'vitest';
import { recorded, reports } from '../scripts/public-api.ts';

test('the public API is the one on record', () => {
  const present = reports();
  const past = recorded();
  const changed = [...new Set([...present.keys(), ...past.keys()])].filter(
    file => present.get(file) !== past.get(file),
  );
  const hint =
    'The declarations that users see have changed. If that is meant, `npm run api` puts them on record; a change that ' +
    'breaks callers needs a major version, and a line in the changelog.';
  for (const file of changed) expect(present.get(file), `${hint} (test/api/${file})`).toBe(past.get(file));
});
