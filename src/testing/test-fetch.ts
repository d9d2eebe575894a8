/** Everything that a test of code which calls over HTTP needs, in one line. */
import { createFetch, type HoldfastFetch } from '../fetch.ts';
import type { FetchOptions } from '../fetch-options.ts';
import type { HoldfastEvent } from '../pipeline/events.ts';
import { type Recorder, recorder } from './recorder.ts';
import { type ScriptedTransport, scriptedTransport } from './scripted-transport.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

export interface TestFetchOptions extends Omit<FetchOptions, 'clock'> {
  /** As of {@link scriptedTransport}. */
  readonly ignoreSignal?: boolean;
  /** One that others are on too. */
  readonly clock?: VirtualClock;
}

/** A fetch in a world without time, chance or network. */
export interface TestFetch extends AsyncDisposable {
  readonly fetch: HoldfastFetch;
  readonly transport: ScriptedTransport;
  readonly clock: VirtualClock;
  /** What the fetch tells. */
  readonly events: Recorder;
}

/**
 * A fetch with a {@link scriptedTransport} under it, on a {@link virtualClock}, heard by a {@link recorder}. Chance always
 * comes out as 0, so that a back-off with full jitter takes no time. Disposed of, it is closed and checks that the
 * transport saw what was expected.
 *
 * @param options - those of `createFetch`, the policy among them.
 * @example
 * await using test = testFetch({ retry: { maxRetries: 1 } });
 * test.transport.expect({ url: '/v1/charges/42' }).fail('ECONNRESET');
 * test.transport.expect().respond(Response.json({ id: 42 }));
 * expectAttempts(await test.fetch(url), [{ code: 'ECONNRESET' }, { status: 200 }]);
 */
export function testFetch({
  ignoreSignal = false,
  clock = virtualClock(),
  observe,
  ...options
}: TestFetchOptions = {}): TestFetch {
  const transport = scriptedTransport({ ignoreSignal, clock });
  const events = recorder(clock);
  const tell = (event: HoldfastEvent) => {
    events(event);
    // Handed on, as the mistakes of an async one must not matter either.
    return observe?.(event);
  };
  const sender = options.transport ? {} : { fetch: transport };
  const fetch = createFetch({ ...sender, random: () => 0, ...options, clock, observe: tell });
  return {
    fetch,
    transport,
    clock,
    events,
    async [Symbol.asyncDispose]() {
      await fetch.close();
      transport.verify();
    },
  };
}
