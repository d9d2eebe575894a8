import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fault } from './options.ts';

export interface Services {
  /** Three answers of four are 503. */
  readonly flaky: string;
  /** One answer of five is 503, and asks to be left alone for a second. */
  readonly busy: string;
  /** Nobody listens. */
  readonly down: string;
  stop(): void;
}

/** Three services on ports of their own, unwell as far as `fault` says. */
export async function startServices(fault: Fault): Promise<Services> {
  const isUnwell = fault === 'all' || fault === '503';
  const flaky = await start(answers(request => isUnwell && request % 4 !== 0));
  const busy = await start(answers(request => isUnwell && request % 5 === 0, { 'retry-after': '1' }));
  const down = await start(answers(() => false));
  if (fault === 'all' || fault === 'refused') down.stop();
  return {
    flaky: flaky.url,
    busy: busy.url,
    down: down.url,
    stop() {
      for (const each of [flaky, busy, down]) each.stop();
    },
  };
}

/** @param fails - whether a request is answered with 503; they are counted from 1. */
function answers(fails: (request: number) => boolean, headers: Record<string, string> = {}): RequestListener {
  let requests = 0;
  return (_, response) => {
    if (fails(++requests)) response.writeHead(503, headers).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  };
}

async function start(listener: RequestListener): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/charges`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
