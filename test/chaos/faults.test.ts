import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type ChaosFault, chaos } from '../../src/chaos/index.ts';
import { explain, HoldfastError, NetworkError, responseInfo, TimeoutError } from '../../src/index.ts';
import { settled } from '../../src/testing/virtual-clock.ts';
import { type Harness, harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { withinMicrotasks } from '../support/settling.ts';

function under(...faults: ChaosFault[]): Harness {
  return harness({ retry: false, policies: [chaos({ faults })] });
}

describe('each fault looks to all policies like the real thing:', () => {
  test.each([
    [{ type: 'refused' }, 'ECONNREFUSED', 'no'],
    [{ type: 'dns' }, 'ENOTFOUND', 'no'],
    [{ type: 'reset' }, 'ECONNRESET', 'maybe'],
  ] as const)('%o fails as %s, and sent says %s', async (fault, code, sent) => {
    const { fetch, transport, events } = under(fault);
    const error = await rejection(NetworkError, fetch(url));
    expect(error).toMatchObject({ reason: code, sent, transient: true });
    expect(error.attempts).toMatchObject([{ code, sent, outcome: 'transient', chaos: [fault.type] }]);
    expect(error).toMatchObject({ cause: { message: expect.stringMatching(/ \(chaos\)$/) } });
    expect(explain(error)).toContain(`(chaos: ${fault.type})`);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'chaos', attempt: 1, faults: [fault.type] }),
    );
    await transport.expectNone();
  });

  test('a reset after sending: the service has done the work, and nobody knows', async () => {
    const { fetch, transport } = under({ type: 'reset', when: 'after' });
    const call = fetch(url);
    let isCancelled = false;
    const body = new ReadableStream({
      cancel() {
        isCancelled = true;
      },
    });
    (await transport.next()).respond(new Response(body));
    expect(await rejection(NetworkError, call)).toMatchObject({ reason: 'ECONNRESET', sent: 'maybe' });
    expect(isCancelled).toBe(true);
  });

  test('a status: an answer with its headers, body and URL, and nothing sent', async () => {
    const fault = { type: 'status', status: 503, headers: { 'Retry-After': '7' }, body: 'busy' } as const;
    const { fetch, transport, events } = under(fault);
    const response = await fetch(`${url}#here`);
    expect(response).toMatchObject({ status: 503, url, redirected: false, type: 'basic' });
    expect(response.clone().url).toBe(url);
    expect(await response.text()).toBe('busy');
    expect(responseInfo(response)?.attempts).toMatchObject([
      { status: 503, sent: 'yes', outcome: 'transient', chaos: ['status'] },
    ]);
    expect(events.map(({ type }) => type)).toContain('host-pause');
    await transport.expectNone();
  });

  test('latency: the request goes later', async () => {
    const { fetch, transport, clock } = under({ type: 'latency', delayMs: 300 });
    const call = fetch(url);
    await clock.advance(299);
    await transport.expectNone();
    await clock.advance(1);
    (await transport.next()).respond(Response.json({ id: 42 }));
    expect(responseInfo(await call)?.attempts).toMatchObject([{ durationMs: 300, chaos: ['latency'] }]);
  });

  test('latency counts in the attempt timeout', async () => {
    const { fetch, clock, transport } = under({ type: 'latency', delayMs: 60_000 });
    const call = rejection(TimeoutError, fetch(url));
    await clock.advance(10_000);
    expect((await call).scope).toBe('attempt');
    await transport.expectNone();
    expect(clock.pending).toBe(0);
  });

  test('a black hole: until the attempt times out', async () => {
    const { fetch, clock, transport } = under({ type: 'black-hole' });
    const call = rejection(TimeoutError, fetch(url));
    await clock.advance(9_999);
    expect(await withinMicrotasks(call)).toEqual({ state: 'pending' });
    await clock.advance(1);
    expect((await call).attempts).toMatchObject([{ code: 'TIMEOUT', sent: 'maybe', chaos: ['black-hole'] }]);
    await transport.expectNone();
    expect(clock.pending).toBe(0);
  });

  test('a truncated body: what arrives, and then the error of a reset', async () => {
    const { fetch, transport, events } = under({ type: 'truncate', afterBytes: 5 });
    const call = fetch(url);
    (await transport.next()).respond(new Response('0123456789'));
    const response = await call;
    expect(response.status).toBe(200);
    const reader = response.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('01234');
    const error = await rejection(TypeError, reader.read());
    expect(error).toMatchObject({ name: 'TypeError', message: 'terminated', cause: { code: 'ECONNRESET' } });
    await settled();
    expect(events.at(-1)).toMatchObject({ type: 'body-end', end: 'failed' });
  });

  test('a truncated body that is shorter than that comes as a whole, without its end', async () => {
    const { fetch, transport } = under({ type: 'truncate', afterBytes: 100 });
    const call = fetch(url);
    (await transport.next()).respond(new Response('short'));
    await expect((await call).text()).rejects.toThrow('terminated');
  });

  test('a slow body: so many bytes in a second', async () => {
    const { fetch, transport, clock } = under({ type: 'slow-body', bytesPerSecond: 100 });
    const call = fetch(url);
    (await transport.next()).respond(new Response('x'.repeat(250)));
    const text = (await call).text();
    await clock.advance(2_499);
    expect(await withinMicrotasks(text)).toEqual({ state: 'pending' });
    await clock.advance(1);
    expect(await text).toHaveLength(250);
    expect(clock.pending).toBe(0);
  });

  test('a body at no bytes a second stalls until the total timeout', async () => {
    const { fetch, transport, clock } = under({ type: 'slow-body', bytesPerSecond: 0 });
    const call = fetch(url);
    (await transport.next()).respond(new Response('never'));
    const text = rejection(TimeoutError, (await call).text());
    await clock.advance(30_000);
    expect((await text).scope).toBe('total');
    expect(clock.pending).toBe(0);
  });

  test('a corrupt body is no JSON, and as long as it was', async () => {
    const { fetch, transport } = under({ type: 'corrupt' });
    const call = fetch(url);
    (await transport.next()).respond(Response.json({ id: 42 }));
    const response = await call;
    expect(await response.clone().bytes()).toHaveLength('{"id":42}'.length);
    await expect(response.json()).rejects.toThrow(SyntaxError);
  });

  test('a response without a body has nothing that could break', async () => {
    const { fetch, transport } = under({ type: 'truncate' }, { type: 'corrupt' });
    const call = fetch(url);
    (await transport.next()).respond(new Response(null, { status: 204 }));
    expect(await (await call).text()).toBe('');
  });
});

describe('several faults at once:', () => {
  test('waits add up, and the first that ends the attempt decides', async () => {
    const { fetch, clock } = under(
      { type: 'latency', delayMs: 100 },
      { type: 'truncate' },
      { type: 'refused' },
      { type: 'dns' },
      { type: 'latency', delayMs: 50 },
    );
    const call = rejection(NetworkError, fetch(url));
    await clock.advance(150);
    const [attempt] = (await call).attempts;
    expect(attempt).toMatchObject({
      durationMs: 150,
      code: 'ECONNREFUSED',
      chaos: ['latency', 'refused', 'latency'],
    });
  });

  test('a body may be slow, corrupt and cut', async () => {
    const { fetch, transport, clock } = under(
      { type: 'slow-body', bytesPerSecond: 10 },
      { type: 'corrupt' },
      { type: 'truncate', afterBytes: 3 },
    );
    const call = fetch(url);
    (await transport.next()).respond(new Response('{"id":42}'));
    const reader = (await call).body!.getReader();
    const parts: number[] = [];
    const reading = rejection(
      TypeError,
      (async () => {
        for (;;) parts.push(...((await reader.read()).value ?? []));
      })(),
    );
    await clock.advance(300);
    expect((await reading).message).toBe('terminated');
    expect(parts).toEqual([0, ...new TextEncoder().encode('"i')]);
  });
});

describe('with the other policies:', () => {
  test('a retry outlives a fault that does not strike twice', async () => {
    const chances = [0.4, 0, 0.5];
    const faults = chaos({ rate: 0.5, faults: [{ type: 'refused' }] });
    const { fetch, transport } = harness({ policies: [faults], random: () => chances.shift() ?? 0 });
    const call = fetch(url);
    (await transport.next()).respond(Response.json({ id: 42 }));
    const response = await call;
    expect(responseInfo(response)).toMatchObject({
      retries: 1,
      attempts: [{ code: 'ECONNREFUSED', sent: 'no', chaos: ['refused'] }, { status: 200 }],
    });
    expect(responseInfo(response)?.attempts[1]).not.toHaveProperty('chaos');
  });

  test('the circuit opens as in an outage', async () => {
    const faults = chaos({ faults: [{ type: 'refused' }] });
    const { fetch, transport, clock } = harness({ retry: false, policies: [faults] });
    for (let call = 0; call < 20; call++) {
      await fetch(url).catch(() => {});
      await clock.advance(500);
    }
    expect(fetch.hosts.for(url).circuitBreaker.state).toBe('open');
    await transport.expectNone();
  });
});

describe('an abort ends what is injected at once, with the reason of the caller, and leaves nothing:', () => {
  test.each<[string, ChaosFault]>([
    ['latency', { type: 'latency', delayMs: 5_000 }],
    ['a black hole', { type: 'black-hole' }],
  ])('%s', async (_, fault) => {
    const { fetch, transport, clock } = under(fault);
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal });
    await settled();
    controller.abort('enough');
    expect(await withinMicrotasks(call)).toEqual({ state: 'rejected', reason: 'enough' });
    await transport.expectNone();
    expect(clock.pending).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  test('a slow body', async () => {
    const { fetch, transport, clock } = under({ type: 'slow-body', bytesPerSecond: 1 });
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal });
    (await transport.next()).respond(new Response('slow'));
    const text = (await call).text();
    await clock.advance(1_500);
    controller.abort('enough');
    await expect(text).rejects.toBe('enough');
    expect(clock.pending).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  test('a reader who cancels', async () => {
    const { fetch, transport, clock } = under({ type: 'slow-body', bytesPerSecond: 1 });
    const call = fetch(url);
    let reason: unknown;
    const body = new ReadableStream({
      start: controller => controller.enqueue(new TextEncoder().encode('slow')),
      cancel(given) {
        reason = given;
      },
    });
    (await transport.next()).respond(new Response(body));
    const reader = (await call).body!.getReader();
    const reading = reader.read();
    await settled();
    await reader.cancel('enough');
    expect(await reading).toMatchObject({ done: true });
    expect(reason).toBe('enough');
    await settled();
    expect(clock.pending).toBe(0);
  });

  test('close() while it waits', async () => {
    const { fetch, clock } = under({ type: 'black-hole' });
    const call = rejection(HoldfastError, fetch(url));
    await settled();
    await fetch.close();
    expect((await call).code).toBe('CLOSED');
    expect(clock.pending).toBe(0);
  });
});

test('a request body that is read once is given up when nothing is sent', async () => {
  const { fetch } = under({ type: 'refused' });
  let reason: unknown;
  const body = new ReadableStream({
    cancel(given) {
      reason = given;
    },
  });
  await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit).catch(() => {});
  expect(reason).toMatchObject({ cause: { code: 'ECONNREFUSED' } });
});
