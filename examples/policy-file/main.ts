/** A policy from a YAML file, followed while the program runs. A file that will not do changes nothing. */
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFetch, type HoldfastEvent, responseInfo } from 'holdfast';
import { loadPolicy } from 'holdfast/policy-file';

// A copy, so that the program can change it.
const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
const file = join(folder, 'policy.yaml');
await copyFile(new URL('policy.yaml', import.meta.url), file);

const server = createServer((_, response) => void response.writeHead(503).end());
await once(server.listen(0), 'listening');
const url = `http://localhost:${(server.address() as AddressInfo).port}/`;

let hear: (event: HoldfastEvent) => void = () => {};
const fetch = createFetch({
  ...(await loadPolicy(file, { watch: true })),
  observe: event => hear(event),
});

async function attempts(): Promise<void> {
  const response = await fetch(url);
  await response.body?.cancel();
  console.log('attempts:', responseInfo(response)?.attempts.length);
}

/** Changes the file, and waits until that has been noticed. */
async function change(from: string, to: string): Promise<HoldfastEvent> {
  const noticed = new Promise<HoldfastEvent>(resolve => {
    hear = event => {
      if (event.type === 'policy-updated' || event.type === 'policy-refused') resolve(event);
    };
  });
  await writeFile(file, (await readFile(file, 'utf8')).replace(from, to));
  return noticed;
}

await attempts();

const updated = await change('maxRetries: 1', 'maxRetries: 2');
console.log(updated.type);
await attempts();

const refused = await change('maxRetries: 2', 'maxRetry: 5');
if (refused.type === 'policy-refused')
  console.log(String(refused.error).replace(folder, '').split(' Known')[0]);
await attempts();

await fetch.close();
server.close();
await rm(folder, { recursive: true });
