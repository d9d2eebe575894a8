/**
 * Without an SDK: the event stream as lines for StatsD, over UDP. A few calls to show it:
 *
 *   node examples/observability/statsd.ts [port]
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFetch, type HoldfastEvent } from 'holdfast';

function createStatsd(port: number) {
  const socket = createSocket('udp4').unref();
  let lastSent: Promise<unknown> = Promise.resolve();

  function send(line: string): void {
    console.log(line);
    // A line that gets lost breaks no call.
    lastSent = new Promise(resolve => socket.send(line, port, '127.0.0.1', resolve));
  }

  return {
    observe(event: HoldfastEvent): void {
      switch (event.type) {
        case 'call-end':
          send(`holdfast.calls.${event.status ?? 'failed'}:1|c`);
          send(`holdfast.call_duration:${Math.round(event.durationMs)}|ms`);
          break;
        case 'retry':
          send(`holdfast.retries.${event.status ?? event.code}:1|c`);
          break;
        case 'retry-refused':
          send(`holdfast.retry_refusals.${event.reason}:1|c`);
          break;
        case 'circuit':
          send(`holdfast.circuit.${event.to}:1|c`);
      }
    },
    async close(): Promise<void> {
      await lastSent;
      socket.close();
    },
  };
}

let requests = 0;
const server = createServer((_, response) => {
  requests++;
  response.writeHead(requests === 2 ? 503 : 200).end();
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

const statsd = createStatsd(Number(process.argv[2] ?? 8125));
const fetch = createFetch({ observe: statsd.observe, retry: { baseDelayMs: 10 } });
for (let call = 1; call <= 3; call++) await (await fetch(url)).body?.cancel();

await fetch.close();
await statsd.close();
server.close();
