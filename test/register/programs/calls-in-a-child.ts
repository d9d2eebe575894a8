/** Calls from a process of its own. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const calls = fileURLToPath(new URL('calls.ts', import.meta.url));
const { status } = spawnSync(process.execPath, [calls, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
