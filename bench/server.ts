/** The server that every candidate calls, in a process of its own so that its CPU is not counted as theirs. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface BenchServer {
  readonly url: string;
  close(): void;
}

export async function startServer(): Promise<BenchServer> {
  const child: ChildProcess = fork(import.meta.filename, { execArgv: [] });
  const [url] = await once(child, 'message');
  return { url, close: () => child.kill() };
}

function serve(): void {
  const body = JSON.stringify({ id: 42, kind: 'kelp', depthMetres: 12.5, attached: true });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const server = createServer((_request, response) => response.writeHead(200, headers).end(body));
  // Longer than any candidate waits for its turn, so that no round pays for new connections.
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.send?.(`http://127.0.0.1:${port}/kelp/42`);
  });
  process.once('disconnect', () => process.exit());
}

if (import.meta.main) serve();
