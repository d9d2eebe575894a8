/** The same call over `fetch` and over undici: how far it had got when its time was up. `node examples/undici.ts` */
import { createServer, type Socket } from 'node:net';
import { createFetch, explain } from 'holdfast';
import { undici } from 'holdfast/undici';

// A server that takes connections and never answers, neither to TLS nor to HTTP.
const sockets: Socket[] = [];
const server = createServer(socket => void sockets.push(socket)).listen(0, '127.0.0.1');
await new Promise(resolve => server.once('listening', resolve));
const { port } = server.address() as { port: number };

const policy = { attemptTimeoutMs: 200, retry: false } as const;
await using plain = createFetch(policy);
await using exact = createFetch({ ...policy, transport: undici({ maxConnections: 1 }) });

for (const [name, fetch] of Object.entries({ fetch: plain, undici: exact })) {
  console.log(`\nover ${name}:`);
  for (const scheme of ['http', 'https']) {
    await fetch(`${scheme}://127.0.0.1:${port}/`, { method: 'POST', body: 'order' }).catch(error =>
      console.log(explain(error)),
    );
  }
}
server.close();
// A handshake that nobody waits for any more would keep this program alive until its own timeout.
for (const socket of sockets) socket.destroy();
