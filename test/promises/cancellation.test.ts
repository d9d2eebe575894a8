import { getEventListeners } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClosedError, type FetchOptions, NetworkError, TimeoutError } from '../../src/index.ts';
import { networkError, slowBody, stalledBody } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { microtasks, withinMicrotasks } from '../support/settling.ts';

describe('promise 6: an abandoned attempt is aborted, and its response released', () => {
  test('each attempt has a signal of its own, which is not the caller’s', async () => {
    const { fetch, transport } = harness();
    const { signal } = new AbortController();
    const call = fetch(url, { signal });
    const first = await transport.next();
    first.respond(statusResponse(503));
    const second = await transport.next();
    second.respond();
    await call;
    expect(new Set([signal, first.signal, second.signal]).size).toBe(3);
  });

  test('an attempt that times out is aborted with the TimeoutError, before the next one begins', async () => {
    const { fetch, transport, clock } = harness();
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(9_999);
    expect(first.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(first.signal.reason).toBeInstanceOf(TimeoutError);
    expect(first.signal.reason).toMatchObject({ scope: 'attempt', limitMs: 10_000 });
    const second = await transport.next();
    expect(second.signal.aborted).toBe(false);
    second.respond();
    expect((await call).status).toBe(200);
  });

  test('the signal of an attempt that has been given up does not hear of later aborts', async () => {
    const { fetch, transport, clock } = harness();
    const controller = new AbortController();
    const call = rejection(Error, fetch(url, { signal: controller.signal }));
    const first = await transport.next();
    await clock.advance(10_000);
    const second = await transport.next();
    controller.abort(new Error('enough'));
    await call;
    expect(first.signal.reason).toBeInstanceOf(TimeoutError);
    expect(second.signal.reason).toEqual(new Error('enough'));
  });

  test('the total timeout aborts the attempt that is under way', async () => {
    const { fetch, transport, clock } = harness({ totalTimeoutMs: 5_000, attemptTimeoutMs: false });
    const call = rejection(TimeoutError, fetch(url));
    const { signal } = await transport.next();
    await clock.advance(5_000);
    expect(await call).toMatchObject({ scope: 'total', limitMs: 5_000 });
    expect(signal.reason).toBe(await call);
  });

  test('close() aborts the attempts that are under way', async () => {
    const { fetch, transport } = harness();
    const call = rejection(ClosedError, fetch(url));
    const { signal } = await transport.next();
    await fetch.close();
    expect(signal.reason).toBe(await call);
  });

  describe('the body of a failed response is released before the retry', () => {
    test('read to its end, if it has one', async () => {
      const { fetch, transport } = harness({ retry: { jitter: 'none' } });
      const call = fetch(url).catch(() => {});
      const body = slowBody();
      (await transport.next()).respond(new Response(body.stream, { status: 503 }));
      await transport.expectNone();
      body.send('busy');
      await microtasks();
      body.end();
      await microtasks();
      expect(body.state).toBe('ended');
      await fetch.close();
      await call;
    });

    test('cancelled when the retry begins, if it has not ended by then', async () => {
      const { fetch, transport, clock } = harness({ retry: { jitter: 'none' } });
      const call = fetch(url);
      const body = slowBody();
      (await transport.next()).respond(new Response(body.stream, { status: 503 }));
      await clock.advance(199);
      expect(body.state).toBe('open');
      await clock.advance(1);
      expect(body.state).toBe('cancelled');
      (await transport.next()).respond();
      await call;
    });

    test('cancelled when it is longer than is worth reading', async () => {
      const { fetch, transport } = harness({ retry: { jitter: 'none' } });
      const call = fetch(url).catch(() => {});
      const body = slowBody();
      (await transport.next()).respond(new Response(body.stream, { status: 503 }));
      for (let chunk = 0; chunk < 100; chunk++) body.send(new Uint8Array(1_024));
      await transport.expectNone();
      expect(body.state).toBe('cancelled');
      await fetch.close();
      await call;
    });

    test('cancelled at once when it says itself that it is long', async () => {
      const { fetch, transport } = harness({ retry: { jitter: 'none' } });
      const call = fetch(url).catch(() => {});
      const body = slowBody();
      const headers = { 'Content-Length': '1000000' };
      (await transport.next()).respond(new Response(body.stream, { status: 503, headers }));
      await transport.expectNone();
      expect(body.state).toBe('cancelled');
      await fetch.close();
      await call;
    });

    test('cancelled when the call is aborted meanwhile', async () => {
      const { fetch, transport } = harness({ retry: { jitter: 'none' } });
      const controller = new AbortController();
      const call = rejection(Error, fetch(url, { signal: controller.signal }));
      const body = slowBody();
      (await transport.next()).respond(new Response(body.stream, { status: 503 }));
      await transport.expectNone();
      controller.abort();
      await call;
      await microtasks();
      expect(body.state).not.toBe('open');
    });

    test('and one that breaks off while it is read disturbs nothing', async () => {
      const { fetch, transport, clock } = harness({ retry: { jitter: 'none' } });
      const call = fetch(url);
      const body = slowBody();
      (await transport.next()).respond(new Response(body.stream, { status: 503 }));
      await transport.expectNone();
      body.fail(networkError('ECONNRESET'));
      await clock.advance(200);
      (await transport.next()).respond(statusResponse(200));
      expect(await (await call).text()).toBe('status 200');
    });
  });

  test('a response that comes too late is discarded', async () => {
    const { fetch, transport, clock } = harness({ ignoreSignal: true });
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(10_000);
    const late = slowBody();
    first.respond(new Response(late.stream));
    await microtasks();
    expect(late.state).toBe('cancelled');
    (await transport.next()).respond(new Response('in time'));
    expect(await (await call).text()).toBe('in time');
  });

  test('a response that comes after the caller’s abort is discarded', async () => {
    const { fetch, transport } = harness({ ignoreSignal: true });
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal });
    const attempt = await transport.next();
    controller.abort('enough');
    await expect(call).rejects.toBe('enough');
    const late = slowBody();
    attempt.respond(new Response(late.stream));
    await microtasks();
    expect(late.state).toBe('cancelled');
  });
});

describe('promise 7: the caller’s abort settles the call at once, with the caller’s own reason', () => {
  const reasons = [
    ['nothing', undefined],
    ['null', null],
    ['0', 0],
    ['an empty text', ''],
    ['text', 'enough'],
    ['false', false],
    ['an error', new Error('enough')],
    ['a TypeError, as of a failed network', new TypeError('fetch failed')],
    ['an error with the code of a failed network', networkError('ECONNREFUSED')],
    ['a TimeoutError of the platform', new DOMException('late', 'TimeoutError')],
    ['a frozen object', Object.freeze({})],
  ] as const;

  /** Puts a call into a phase; what is returned starts when the caller may abort. */
  const phases = {
    'in an attempt': async ({ transport }: ReturnType<typeof harness>) => {
      await transport.next();
    },
    'in a retry': async ({ transport }: ReturnType<typeof harness>) => {
      (await transport.next()).respond(statusResponse(503));
      await transport.next();
    },
    'in a back-off': async ({ transport }: ReturnType<typeof harness>) => {
      (await transport.next()).respond(statusResponse(503, { 'Retry-After': '1' }));
      await transport.expectNone();
    },
    'in the queue of a paused host': async ({ fetch, transport }: ReturnType<typeof harness>) => {
      // The call under test was sent before the pause, so it queues with its retry.
      const first = await transport.next();
      const other = fetch(url, { policy: { retry: false } });
      (await transport.next()).respond(statusResponse(503, { 'Retry-After': '5' }));
      await (await other).text();
      first.respond(statusResponse(500));
      await transport.expectNone();
      expect(fetch.hosts.get('payments.test')?.pause.waiting).toBe(1);
    },
  };

  for (const [phase, reach] of Object.entries(phases)) {
    for (const ignoreSignal of [false, true]) {
      const transportKind = ignoreSignal ? 'a transport that ignores its signal' : 'a transport with manners';
      test.each(reasons)(`${phase}, over ${transportKind}, whatever the reason: %s`, async (_, reason) => {
        const parts = harness({ ignoreSignal });
        const { fetch, transport, clock } = parts;
        const controller = new AbortController();
        const call = fetch(url, { signal: controller.signal });
        await reach(parts);
        const before = transport.attempts.length;
        controller.abort(reason);
        const settling = await withinMicrotasks(call, 20);
        expect(settling.state).toBe('rejected');
        await expect(call).rejects.toBe(controller.signal.reason);
        if (reason !== undefined) await expect(call).rejects.toBe(reason);
        await clock.advance(60_000);
        expect(transport.attempts.length).toBe(before);
        expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
        expect(clock.pending).toBe(0);
      });
    }
  }

  test('as of an abort without a reason, with an AbortError', async () => {
    const { fetch, transport } = harness();
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal });
    await transport.next();
    controller.abort();
    expect(await rejection(DOMException, call)).toMatchObject({ name: 'AbortError' });
  });

  test('also when the transport makes something else of it', async () => {
    const { fetch, transport } = harness({ ignoreSignal: true });
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal });
    const attempt = await transport.next();
    attempt.fail(networkError('ECONNRESET'));
    controller.abort('enough');
    await expect(call).rejects.toBe('enough');
  });

  describe('by a signal of another make, which calls functions alone and has no reason:', () => {
    class OtherSignal {
      aborted = false;
      readonly listeners: unknown[] = [];

      addEventListener(_: 'abort', listener: unknown): void {
        this.listeners.push(listener);
      }

      removeEventListener(_: 'abort', listener: unknown): void {
        this.listeners.splice(this.listeners.indexOf(listener), 1);
      }

      abort(): void {
        this.aborted = true;
        for (const listener of [...this.listeners]) if (typeof listener === 'function') listener();
      }
    }
    const isAbort = expect.objectContaining({ name: 'AbortError' });

    test.each(['an attempt', 'a back-off'])('in %s, with an AbortError', async where => {
      const { fetch, transport } = harness();
      const signal = new OtherSignal();
      const call = rejection(DOMException, fetch(url, { signal: signal as never }));
      const attempt = await transport.next();
      if (where === 'a back-off') attempt.respond(statusResponse(503, { 'Retry-After': '1' }));
      await microtasks();
      signal.abort();
      expect(await call).toEqual(isAbort);
      await transport.expectNone();
    });

    test('before the call', async () => {
      const { fetch, transport } = harness();
      const signal = new OtherSignal();
      signal.abort();
      const call = rejection(DOMException, fetch(url, { signal: signal as never }));
      await transport.expectNone();
      expect(await call).toEqual(isAbort);
    });

    test('is left without a listener', async () => {
      const { fetch } = harness({ fetch: answering(200) });
      const signal = new OtherSignal();
      await (await fetch(url, { signal: signal as never })).text();
      expect(signal.listeners).toEqual([]);
    });
  });

  test('the signal of a Request counts, and that of the init comes before it', async () => {
    const { fetch, transport } = harness();
    const own = new AbortController();
    const other = new AbortController();
    const first = fetch(new Request(url, { signal: own.signal }));
    const second = fetch(new Request(url, { signal: own.signal }), { signal: other.signal });
    await transport.next();
    const { respond } = await transport.next();
    own.abort('of the Request');
    await expect(first).rejects.toBe('of the Request');
    expect(await withinMicrotasks(second)).toEqual({ state: 'pending' });
    respond();
    expect((await second).status).toBe(200);
  });

  test('signal: null in the init takes the one of a Request away', async () => {
    const { fetch, transport } = harness();
    const own = new AbortController();
    const call = fetch(new Request(url, { signal: own.signal }), { signal: null });
    const { respond } = await transport.next();
    own.abort('of the Request');
    respond();
    expect((await call).status).toBe(200);
  });

  describe('no further attempt starts', () => {
    const quick: FetchOptions = { retry: { maxRetries: 5, baseDelayMs: 0, budget: false } };

    test('at whatever turn of the microtask queue after a failed attempt the abort comes', async () => {
      for (let turns = 0; turns < 60; turns++) {
        const { fetch, transport } = harness({ ...quick, ignoreSignal: true });
        const controller = new AbortController();
        const call = fetch(url, { signal: controller.signal });
        const first = await transport.next();
        first.respond(statusResponse(503));
        await microtasks(turns);
        const before = transport.attempts.length;
        controller.abort('enough');
        await expect(call).rejects.toBe('enough');
        await microtasks();
        expect(transport.attempts.length - before, `attempts after an abort at turn ${turns}`).toBe(0);
      }
    });

    test('when a callback aborts the call', async () => {
      for (const callback of ['shouldRetry', 'delayMs'] as const) {
        const controller = new AbortController();
        const abort = () => {
          controller.abort('enough');
          return callback === 'delayMs' ? 0 : true;
        };
        const transport = answering(503);
        const { fetch } = harness({ fetch: transport, retry: { [callback]: abort } });
        await expect(fetch(url, { signal: controller.signal })).rejects.toBe('enough');
        expect(transport.calls, callback).toHaveLength(1);
      }
    });

    test('when the observer aborts the call as it hears of the retry', async () => {
      const controller = new AbortController();
      const transport = answering(503);
      const { fetch } = harness({
        ...quick,
        fetch: transport,
        observe: event => event.type === 'retry' && controller.abort('enough'),
      });
      await expect(fetch(url, { signal: controller.signal })).rejects.toBe('enough');
      expect(transport.calls).toHaveLength(1);
    });

    test('when the abort comes in the very instant in which the back-off ends', async () => {
      const { fetch, transport, clock } = harness({ retry: { jitter: 'none' } });
      const controller = new AbortController();
      // Set before the timer of the back-off, so it fires before it, in the same instant.
      clock.setTimer(() => controller.abort('enough'), 200);
      const call = fetch(url, { signal: controller.signal });
      (await transport.next()).respond(statusResponse(503));
      const rejected = expect(call).rejects.toBe('enough');
      await clock.advance(200);
      await rejected;
      await transport.expectNone();
    });
  });

  test('an attempt that was aborted is written down as cancelled, and why nothing followed', async () => {
    const { fetch, transport, events } = harness();
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal }).catch(() => {});
    await transport.next();
    controller.abort();
    await call;
    await microtasks();
    const end = events.find(event => event.type === 'call-end');
    expect(end).toMatchObject({
      error: controller.signal.reason,
      call: { attempts: [{ outcome: 'cancelled', reason: 'aborted', sent: 'maybe' }] },
    });
  });

  test('a call that was aborted while it waited for a paused host was not sent', async () => {
    const { fetch, transport, events } = harness({ retry: false });
    const first = fetch(url);
    (await transport.next()).respond(statusResponse(503, { 'Retry-After': '5' }));
    await (await first).text();
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal }).catch(() => {});
    await transport.expectNone();
    controller.abort();
    await call;
    await microtasks();
    const ends = events.filter(event => event.type === 'attempt-end');
    expect(ends.at(-1)).toMatchObject({ outcome: 'cancelled', sent: 'no' });
    expect(fetch.hosts.get('payments.test')?.counters).toMatchObject({ calls: 2, attempts: 1 });
  });

  test('a call under way when the client is closed is not said to have never been sent', async () => {
    const { fetch, transport } = harness();
    const call = rejection(ClosedError, fetch(url, { method: 'POST', body: 'charge 42' }));
    await transport.next();
    await fetch.close();
    const error = await call;
    await microtasks();
    expect(error.attempts[0]?.sent).toBe('maybe');
    expect(error.attempts[0]?.outcome).not.toBe('rejected');
  });

  test('an attempt under way when the client is closed stays counted as an attempt', async () => {
    const { fetch, transport } = harness();
    const call = rejection(ClosedError, fetch(url));
    await transport.next();
    const host = fetch.hosts.get('payments.test');
    await fetch.close();
    await call;
    await microtasks();
    expect(host?.counters).toMatchObject({ attempts: 1, rejected: 0 });
  });

  test('an abort while the body is read breaks the body off with the reason', async () => {
    const { fetch, transport } = harness();
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal });
    const attempt = await transport.next();
    attempt.respond(new Response(stalledBody('half')));
    const text = (await call).text();
    controller.abort('enough');
    expect(await withinMicrotasks(text)).toEqual({ state: 'rejected', reason: 'enough' });
    expect(attempt.signal.aborted).toBe(true);
  });

  test('an abort after the body has ended changes nothing and reaches nobody', async () => {
    const { fetch, transport } = harness();
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal });
    const attempt = await transport.next();
    attempt.respond(statusResponse(200));
    const response = await call;
    expect(await response.text()).toBe('status 200');
    controller.abort();
    expect(attempt.signal.aborted).toBe(false);
  });

  test('a signal that aborted before the call: nothing is sent, nothing is remembered', async () => {
    const { fetch, transport, clock } = harness();
    await expect(fetch(url, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    await transport.expectNone();
    expect(clock.pending).toBe(0);
  });

  test('aborts and failures in any order and at any time leave the call settled once, timers and listeners at zero', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('503', 'reset', 'wait', 'abort', '200'), { maxLength: 12 }),
        fc.boolean(),
        async (steps, ignoreSignal) => {
          const { fetch, transport, clock } = harness({
            ignoreSignal,
            retry: { maxRetries: 3, jitter: 'none' },
          });
          const controller = new AbortController();
          const call = fetch(url, { signal: controller.signal }).then(
            async response => {
              await response.text();
              return 'resolved';
            },
            error => (error === 'enough' ? 'aborted' : error),
          );
          for (const step of steps) {
            await clock.advance(step === 'wait' ? 150 : 0);
            const attempt = transport.attempts.at(-1);
            if (step === 'abort') controller.abort('enough');
            else if (step === 'reset') attempt?.fail(networkError('ECONNRESET'));
            else if (step !== 'wait') attempt?.respond(statusResponse(Number(step)));
          }
          await clock.advance(60_000);
          const ending = await withinMicrotasks(call);
          expect(ending.state).toBe('fulfilled');
          const { value } = ending as { value: unknown };
          if (value instanceof NetworkError || value instanceof TimeoutError)
            expect(value.attempts.length).toBeGreaterThan(0);
          else expect(['resolved', 'aborted']).toContain(value);
          expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });
});
