import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settled } from '../../src/testing/virtual-clock.ts';

/** The collector, which Node hands out only to contexts that are made after the flag is set. */
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Lets the collector run, and what it has to tell be told, until something is so; as often as it takes, within reason. */
export async function collected(isDone: () => boolean, turns = 50): Promise<void> {
  for (let turn = 0; turn < turns && !isDone(); turn++) {
    collectGarbage();
    await settled();
  }
}
