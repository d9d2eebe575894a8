import type { TimedPhase } from './scenarios.ts';
import type { ServiceProcess } from './service/service-process.ts';
import { type Elapsed, sleepUntil } from './time.ts';

/** How long a crashed service stays away before it starts again: what systemd waits by default (`RestartSec`). */
const DOWN_MS = 100;

/** Both services change at the same moment. */
export async function playScript(
  phases: readonly TimedPhase[],
  services: readonly ServiceProcess[],
  elapsed: Elapsed,
  signal: AbortSignal,
  fail: (error: unknown) => void,
): Promise<void> {
  for (const phase of phases) {
    await sleepUntil(phase.startMs, elapsed, signal);
    for (const service of services) {
      service.play(phase.fault);
      if (phase.fault === 'crash') crashTwice(service, phase, elapsed, signal).catch(fail);
    }
  }
}

/** At once, and again in the middle of the phase. */
async function crashTwice(
  service: ServiceProcess,
  { startMs, endMs }: TimedPhase,
  elapsed: Elapsed,
  signal: AbortSignal,
): Promise<void> {
  await service.crash(DOWN_MS);
  await sleepUntil((startMs + endMs) / 2, elapsed, signal);
  await service.crash(DOWN_MS);
}
