import { measure, repeatInTurns, spread } from '../measure.ts';
import type { Finding, Probe } from '../probe.ts';
import { answers, refuses } from './stub.ts';

const url = 'http://kelp.internal/';
const rounds = 20;

/** What a call costs that is refused before it is sent. */
export const openCircuit: Probe = {
  name: 'open-circuit',
  async run({ createFetch }, scale) {
    const calls = 20_000 * scale;

    const opened = createFetch({
      fetch: refuses,
      retry: false,
      circuitBreaker: { consecutiveFailures: 1, minimumSilenceMs: 0, openMs: 600_000 },
    });
    await opened(url).catch(() => {});

    const isolated = createFetch({ fetch: answers });
    isolated.hosts.for(url).circuitBreaker?.isolate();

    return [
      await rejectionCost('open', opened, calls),
      await rejectionCost('isolated by hand', isolated, calls),
    ];
  },
};

async function rejectionCost(
  state: string,
  fetch: (url: string) => Promise<Response>,
  calls: number,
): Promise<Finding> {
  const call = async () => {
    const error: unknown = await fetch(url).then(
      () => undefined,
      reason => reason,
    );
    if ((error as { code?: string } | undefined)?.code !== 'CIRCUIT_OPEN') {
      throw new Error(`The circuit let a call through: ${String(error)}`);
    }
  };
  await repeatInTurns(call, calls);
  const micros: number[] = [];
  for (let round = 0; round < rounds; round++) {
    micros.push((await measure(() => repeatInTurns(call, calls))).cpuMicros / calls);
  }
  return {
    what: `rejection by a circuit that is ${state}`,
    measured: spread(micros).median,
    limit: 10,
    unit: 'µs of CPU',
  };
}
