import { createFetch, type FetchOptions, type HoldfastEvent, type HoldfastFetch } from '../../src/index.ts';
import {
  type ScriptedTransport,
  type TestFetchOptions,
  testFetch,
  type VirtualClock,
} from '../../src/testing/index.ts';

export interface Harness {
  readonly fetch: HoldfastFetch;
  readonly transport: ScriptedTransport;
  readonly clock: VirtualClock;
  /** What the observer heard, in order. */
  readonly events: readonly HoldfastEvent[];
}

/** Where the calls of a test go, unless it is about hosts. */
export const url = 'https://payments.test/charges';

/**
 * A client in a world without time, chance or network. Chance always comes out as 0, so that a back-off with full
 * jitter takes no time: tests that are about waiting say how long.
 */
export function harness(options: FetchOptions & { readonly ignoreSignal?: boolean } = {}): Harness {
  const { fetch, transport, clock, events } = testFetch(options as TestFetchOptions);
  const isUnheard = 'observe' in options && options.observe === undefined;
  return {
    // The kit's own recorder is somebody who listens.
    fetch: isUnheard ? createFetch({ fetch: transport, random: () => 0, ...options, clock }) : fetch,
    transport,
    clock,
    events: events.events,
  };
}
