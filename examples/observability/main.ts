/**
 * Services that fail in the ways that the alerts know of, and steady traffic to them, for Prometheus to look at:
 *
 *   node examples/observability/main.ts [--port 9464] [--seconds 60] [--fault all|503|refused|healthy] [--spans]
 */
import { setInterval as every } from 'node:timers/promises';
import { createFetch } from 'holdfast';
import { type Options, readOptions } from './options.ts';
import { startTelemetry } from './sdk.ts';
import { startServices } from './services.ts';

/** Calls start so far apart that the program takes a small part of one core. */
const INTERVAL_MS = 50;

async function main({ port, seconds, fault, spans }: Options): Promise<void> {
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interrupt.abort());

  const telemetry = await startTelemetry(port, spans);
  const services = await startServices(fault);
  const fetch = createFetch({ totalTimeoutMs: 5_000, attemptTimeoutMs: 1_000 });

  async function call(url: string): Promise<void> {
    try {
      await (await fetch(url)).text();
    } catch {
      // Told by the metrics.
    }
  }

  console.log(`metrics: ${telemetry.metricsUrl}`);
  const ticks = (seconds * 1_000) / INTERVAL_MS;
  let tick = 0;
  try {
    for await (const _ of every(INTERVAL_MS, undefined, { signal: interrupt.signal })) {
      void call(services.flaky);
      void call(services.down);
      // Calls to a host that has asked for a pause wait for it, so there are few.
      if (tick % 10 === 0) void call(services.busy);
      if (++tick >= ticks) break;
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    await fetch.close();
    services.stop();
    await telemetry.stop();
  }
}

try {
  await main(readOptions(process.argv.slice(2), process.env));
} catch (error) {
  console.error(`observability: ${(error as Error).message}`);
  process.exitCode = 2;
}
