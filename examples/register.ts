/** A program that knows nothing of Holdfast, run without it and with `--import holdfast/register`, and a test's install. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install } from 'holdfast/install';

let requests = 0;
const server = createServer((_, response) => {
  requests++;
  response.writeHead(requests % 2 === 1 ? 503 : 200).end();
});
await once(server.listen(0), 'listening');
const url = `http://localhost:${(server.address() as AddressInfo).port}/`;

const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
const program = join(folder, 'app.mjs');
await writeFile(program, 'console.log((await fetch(process.argv[2])).status);');

async function run(what: string, flags: readonly string[], policy: string | undefined): Promise<void> {
  requests = 0;
  console.log(`${what}:`);
  const env = { ...process.env, ...(policy && { HOLDFAST_POLICY: join(folder, policy) }) };
  const child = spawn(process.execPath, [...flags, program, url], { stdio: ['ignore', 'pipe', 'pipe'], env });
  for (const output of [child.stdout, child.stderr])
    output.on('data', text => process.stdout.write(String(text).replaceAll(folder, '')));
  const [code] = await once(child, 'close');
  console.log(`exit code ${code}, ${requests} requests`);
}

const register = ['--import', import.meta.resolve('holdfast/register')];
await writeFile(join(folder, 'no-retry.json'), '{ "retry": false }');
await writeFile(join(folder, 'wrong.json'), '{\n  "retri": false\n}');
await run('bare', [], undefined);
await run('registered', register, undefined);
await run('registered, by a policy', register, 'no-retry.json');
await run('registered, by a wrong policy', register, 'wrong.json');

requests = 0;
{
  using _ = install({ retry: { baseDelayMs: 0 } });
  console.log('installed:', (await fetch(url)).status);
}
console.log('and undone:', (await fetch(url)).status);

server.close();
await rm(folder, { recursive: true });
