import { settled } from '../../src/testing/virtual-clock.ts';

const runtime = globalThis as {
  gc?: () => void;
  Bun?: { gc(isSynchronous: boolean): void };
  process?: { getBuiltinModule?: (name: string) => unknown };
};

/** The collector, where the runtime hands it out. */
const collectGarbage: () => void = runtime.gc ?? collectorOfBun() ?? collectorOfNode() ?? (() => {});

function collectorOfBun(): (() => void) | undefined {
  const { Bun } = runtime;
  return Bun && (() => Bun.gc(true));
}

/** Node hands it out only to contexts that are made after the flag is set. */
function collectorOfNode(): (() => void) | undefined {
  const v8 = runtime.process?.getBuiltinModule?.('node:v8') as typeof import('node:v8') | undefined;
  const vm = runtime.process?.getBuiltinModule?.('node:vm') as typeof import('node:vm') | undefined;
  try {
    v8?.setFlagsFromString('--expose-gc');
    return vm?.runInNewContext('gc') as (() => void) | undefined;
  } catch {
    return undefined;
  }
}

/** Lets the collector run, and what it has to tell be told, until something is so; as often as it takes, within reason. */
export async function collected(isDone: () => boolean, turns = 50): Promise<void> {
  for (let turn = 0; turn < turns && !isDone(); turn++) {
    collectGarbage();
    await settled();
  }
}
