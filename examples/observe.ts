/** One observer: a log line for what is rare, numbers for what is frequent. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFetch, type HoldfastEvent } from 'holdfast';

// Well, then down, then well again.
let requests = 0;
const server = createServer((_, response) => {
  requests++;
  response.writeHead(requests > 3 && requests <= 7 ? 500 : 200).end();
});
await once(server.listen(0), 'listening');
const url = `http://localhost:${(server.address() as AddressInfo).port}/`;

const outcomes = new Map<string, number>();

function observe(event: HoldfastEvent): void {
  switch (event.type) {
    case 'attempt-end': {
      const outcome = `${event.outcome} ${event.status ?? event.code}`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      break;
    }
    case 'circuit':
      console.log(`circuit: ${event.from} → ${event.to} (${event.because})`);
      break;
    case 'host-pause':
      console.log(`${event.host} asked for ${event.pauseMs} ms`);
      break;
    case 'warning':
    case 'policy-refused':
      console.warn(event);
  }
}

const fetch = createFetch({
  observe,
  retry: { baseDelayMs: 10 },
  circuitBreaker: { consecutiveFailures: 4, minimumSilenceMs: 0, openMs: 100 },
});

for (let call = 1; call <= 8; call++) {
  const response = await fetch(url).catch(error => error);
  await response.body?.cancel();
  // Time for the circuit to let a probe through.
  if (response instanceof Error) await new Promise(resolve => setTimeout(resolve, 150));
}

console.log(Object.fromEntries(outcomes));
for (const { key, counters } of fetch.hosts) console.log(key.replace(/\d+$/, '…'), counters);

await fetch.close();
server.close();
