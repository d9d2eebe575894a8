/** The server that every candidate calls, in a process of its own so that its CPU is not counted as theirs. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
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

const KIB = 1_024;

/** The paths beside `/kelp/42`, which gets the small document whatever the method. */
export const paths = {
  mebibyte: '/mebibyte',
  stream: '/stream',
  faulty: '/faulty',
  cached: '/cached',
} as const;

/** What `/stream` sends. */
export const streamed = { chunks: 1_000, chunkBytes: 64 * KIB } as const;

function serve(): void {
  const body = JSON.stringify({ id: 42, kind: 'kelp', depthMetres: 12.5, attached: true });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const mebibyte = Buffer.alloc(KIB * KIB, 'kelp');
  const chunk = Buffer.alloc(streamed.chunkBytes, 'kelp');
  const answer = (response: ServerResponse) => response.writeHead(200, headers).end(body);
  const faults: readonly ((response: ServerResponse) => void)[] = [
    response => response.destroy(),
    response => response.writeHead(503).end(),
    response => {
      response.writeHead(200, headers).write(body.slice(0, 10));
      setImmediate(() => response.destroy());
    },
  ];
  /** As `/faulty`, with answers that hold for a second, and one in forty that takes long enough to be hedged. */
  const answerCached = (response: ServerResponse, count: number) => {
    if (count % 100 === 0) return faults[(count / 100) % faults.length]?.(response);
    const send = () => response.writeHead(200, { ...headers, 'cache-control': 'max-age=1' }).end(body);
    if (count % 40 === 0) return void setTimeout(send, 60);
    send();
  };
  let faultyRequests = 0;
  let cachedRequests = 0;

  const server = createServer((request, response) => {
    if (request.method === 'POST') request.resume().once('end', () => answer(response));
    else if (request.url === paths.mebibyte)
      response.writeHead(200, { 'content-length': mebibyte.length }).end(mebibyte);
    else if (request.url === paths.stream) send(chunk, streamed.chunks, response);
    else if (request.url?.startsWith(paths.cached)) answerCached(response, ++cachedRequests);
    else if (request.url === paths.faulty && ++faultyRequests % 100 === 0)
      faults[(faultyRequests / 100) % faults.length]?.(response);
    else answer(response);
  });
  // Longer than any candidate waits for its turn, so that no round pays for new connections.
  server.keepAliveTimeout = 600_000;
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
    const { port } = server.address() as AddressInfo;
    process.send?.(`http://127.0.0.1:${port}/kelp/42`);
  });
  process.once('disconnect', () => process.exit());
}

function send(chunk: Buffer, times: number, response: ServerResponse): void {
  let left = times;
  const more = () => {
    while (left > 0) {
      left--;
      if (!response.write(chunk)) return response.once('drain', more);
    }
    return response.end();
  };
  more();
}

if (import.meta.main) serve();
