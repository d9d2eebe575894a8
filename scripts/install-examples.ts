/**
 * Installs what only some examples need, into their own folders. Does nothing where that has been done for the present
 * lock file.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const folders = ['examples/integrations', 'examples/migrating', 'examples/servers'];

const root = new URL('..', import.meta.url).pathname;

for (const folder of folders) {
  const lock = join(root, folder, 'package-lock.json');
  const installed = join(root, folder, 'node_modules/.installed-lock.json');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(lock, 'utf8')) continue;
  console.log(`Installing the packages of ${folder}`);
  // The settings of an npm around this one are for the folder above.
  const { npm_config_local_prefix: _, ...env } = process.env;
  execFileSync('npm', ['ci', '--silent', '--ignore-scripts'], {
    cwd: join(root, folder),
    env,
    stdio: 'inherit',
  });
  // A folder with a package.json of its own does not find ours by its name.
  symlinkSync('../../..', join(root, folder, 'node_modules/holdfast'), 'dir');
  copyFileSync(lock, installed);
}
