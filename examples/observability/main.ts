/**
 * A service that fails in every way that the alerts know of, and steady traffic to it, for Prometheus to look at:
 *
 *   node examples/observability/main.ts --port 9464 --seconds 60 [--healthy] [--spans]
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setInterval as every } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createFetch } from 'holdfast';
import { startTelemetry } from './sdk.ts';

const { values: flags } = parseArgs({
  options: {
    port: { type: 'string', default: '9464' },
    seconds: { type: 'string', default: '60' },
    healthy: { type: 'boolean', default: false },
    spans: { type: 'boolean', default: false },
  },
});

const telemetry = await startTelemetry(Number(flags.port), flags.spans);

/** Some answers of `flaky` are 503, most of them while it is unwell; `down` has nobody listening. */
async function startService(failureRatio: number): Promise<{ url: string; stop(): void }> {
  let requests = 0;
  const server = createServer((_, response) => {
    requests++;
    const fails = (requests * failureRatio) % 1 < failureRatio;
    response.writeHead(fails ? 503 : 200, { 'content-type': 'application/json' }).end('{}');
  });
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

const flaky = await startService(flags.healthy ? 0 : 0.75);
const down = await startService(0);
if (!flags.healthy) down.stop();

const fetch = createFetch({ totalTimeoutMs: 5_000, attemptTimeoutMs: 1_000 });

async function call(url: string): Promise<void> {
  try {
    await (await fetch(url)).text();
  } catch {
    // Told by the metrics.
  }
}

console.log(`metrics: ${telemetry.metricsUrl}`);
const endsAt = Date.now() + Number(flags.seconds) * 1_000;
for await (const _ of every(50)) {
  void call(flaky.url);
  void call(down.url);
  if (Date.now() >= endsAt) break;
}

await fetch.close();
flaky.stop();
if (flags.healthy) down.stop();
await telemetry.stop();
