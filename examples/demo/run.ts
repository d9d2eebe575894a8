import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CALLS_PER_SECOND, CallLog, hasEnded, schedule } from './call-log.ts';
import { policy, rawClient, TOTAL_TIMEOUT_MS } from './clients.ts';
import { HoldfastClient } from './holdfast-client.ts';
import type { DemoOptions } from './options.ts';
import { scenarios, timed } from './scenarios.ts';
import { playScript } from './script.ts';
import { executions } from './service/ledger.ts';
import { ServiceProcess } from './service/service-process.ts';
import type { Draw, Scene } from './show/view.ts';
import { figures, type Summary, summarizePhases } from './summary.ts';
import { takeaway } from './takeaway.ts';
import { sleepUntil } from './time.ts';
import { sendTraffic } from './traffic.ts';

/** Grace for a slow machine before a call counts as hanging for ever. */
const OVERDUE_MS = 5_000;

export interface Run {
  readonly scene: Scene;
  readonly summary: Summary;
}

/** Raises the services, plays the script to both, sends the traffic through both, and clears everything away. */
export async function run(options: DemoOptions, draw: Draw, signal: AbortSignal): Promise<Run> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
  const logs = { fetch: new CallLog(), holdfast: new CallLog() };
  const services = {
    fetch: new ServiceProcess('fetch', join(directory, 'fetch.orders'), id => logs.fetch.received(id)),
    holdfast: new ServiceProcess('holdfast', join(directory, 'holdfast.orders'), id =>
      logs.holdfast.received(id),
    ),
  };
  const client = new HoldfastClient();
  try {
    await Promise.all([services.fetch.start(), services.holdfast.start()]);
    await Promise.all([warmUp(services.fetch), warmUp(services.holdfast)]);
    const beganAt = performance.now();
    const scene: Scene = {
      options,
      phases: timed(scenarios[options.scenario]!, options.seconds * 1_000),
      fetch: { log: logs.fetch, origin: services.fetch.origin, pid: services.fetch.pid },
      holdfast: { log: logs.holdfast, origin: services.holdfast.origin, pid: services.holdfast.pid, client },
      elapsed: () => performance.now() - beganAt,
    };
    await perform(scene, [services.fetch, services.holdfast], draw, signal);
    return { scene, summary: summarize(scene, services) };
  } finally {
    client.close();
    await Promise.all([services.fetch.stop(), services.holdfast.stop()]);
    await rm(directory, { recursive: true, force: true });
  }
}

/** The runtime loads its fetch at the first use: neither side shall pay for that. */
async function warmUp({ origin }: ServiceProcess): Promise<void> {
  const response = await fetch(`${origin}/items/0`);
  await response.arrayBuffer();
}

async function perform(
  scene: Scene,
  services: readonly ServiceProcess[],
  draw: Draw,
  outside: AbortSignal,
): Promise<void> {
  const inside = new AbortController();
  const signal = AbortSignal.any([outside, inside.signal]);
  const fail = (error: unknown): void => inside.abort(error);
  for (const { died } of services) died.catch(fail);

  const { phases, elapsed } = scene;
  const lanes = [{ ...scene.fetch, client: rawClient }, { ...scene.holdfast }];
  const view = draw(scene);
  try {
    const traffic = sendTraffic(schedule(phases), lanes, elapsed, signal, fail);
    const script = playScript(phases, services, elapsed, signal, fail);
    await Promise.race([Promise.all([traffic, script]), aborted(signal), overdue(scene, signal)]);
  } finally {
    inside.abort();
    view.stop();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Every call has a time limit, on both sides: one that outlives it by far is a defect, not a fault of the script. */
async function overdue({ phases, elapsed, fetch, holdfast }: Scene, signal: AbortSignal): Promise<never> {
  await sleepUntil(phases.at(-1)!.endMs + TOTAL_TIMEOUT_MS + OVERDUE_MS, elapsed, signal);
  const running = (log: CallLog): number => log.calls.filter(call => !hasEnded(call)).length;
  throw new Error(
    `Calls that never ended: ${running(fetch.log)} of fetch, ${running(holdfast.log)} of holdfast.`,
  );
}

function summarize(scene: Scene, services: Record<'fetch' | 'holdfast', ServiceProcess>): Summary {
  const { options, phases, holdfast } = scene;
  const evidence = (name: 'fetch' | 'holdfast') => ({
    calls: scene[name].log.calls,
    executions: executions(services[name].ledgerPath),
  });
  const total = { fetch: figures(evidence('fetch')), holdfast: figures(evidence('holdfast')) };
  const { attempts, retries, rejections, circuitOpened, recovered } = holdfast.client;
  return {
    scenario: options.scenario,
    seconds: options.seconds,
    callsPerSecond: CALLS_PER_SECOND,
    fetchTimeoutMs: TOTAL_TIMEOUT_MS,
    holdfastPolicy: policy,
    phases: summarizePhases(phases, evidence('fetch'), evidence('holdfast')),
    total,
    holdfast: { attempts, retries, rejections, circuitOpened },
    recovered: recovered?.story ?? null,
    takeaway: takeaway(total.fetch, total.holdfast),
  };
}
