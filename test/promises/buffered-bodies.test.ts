import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { responseInfo, TimeoutError } from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';

const key = { 'Idempotency-Key': 'key-1' };
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A fetch that reads what it is sent, and always gives the same answer. */
function reading(answer: number | Error = 503) {
  const inits: RequestInit[] = [];
  const sent: { body: string; type: string | null }[] = [];
  const fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    inits.push(init);
    const request = new Request(input, init);
    sent.push({ body: await request.text(), type: request.headers.get('content-type') });
    if (answer instanceof Error) throw answer;
    return new Response('no', { status: answer });
  };
  return { fetch, sent, inits, bodies: () => sent.map(({ body }) => body) };
}

/** A stream of these chunks, and what became of it. */
function source(chunks: readonly unknown[], end: 'closes' | 'stalls' | Error = 'closes') {
  const left = [...chunks];
  const state = { cancelledWith: undefined as unknown, pulled: 0 };
  const stream = new ReadableStream(
    {
      pull(controller) {
        state.pulled++;
        if (left.length > 0) return controller.enqueue(left.shift());
        if (end === 'closes') return controller.close();
        if (end === 'stalls') return new Promise(() => {});
        throw end;
      },
      cancel(reason) {
        state.cancelledWith = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}

const streamed = (stream: ReadableStream, headers: HeadersInit = key): RequestInit & { duplex: 'half' } => ({
  method: 'POST',
  body: stream,
  headers,
  duplex: 'half',
});

describe('promise 2, where bodies are buffered: what could be sent once can be sent again', () => {
  test('the body of a Request, with its headers', async () => {
    const service = reading();
    const { fetch } = harness({ fetch: service.fetch, retry: { maxBufferedBytes: 100, baseDelayMs: 0 } });
    const headers = { ...key, 'content-type': 'text/x-order' };
    const request = new Request(url, { method: 'POST', headers, body: 'kelp' });
    await fetch(request);
    expect(service.sent).toEqual(Array(3).fill({ body: 'kelp', type: 'text/x-order' }));
    expect(request.bodyUsed).toBe(true);
  });

  test('the form of a Request, with the boundary that its header names', async () => {
    const service = reading();
    const { fetch } = harness({ fetch: service.fetch, retry: { maxBufferedBytes: 1_000, baseDelayMs: 0 } });
    const form = new FormData();
    form.set('count', '3');
    await fetch(new Request(url, { method: 'POST', headers: key, body: form }));
    expect(service.sent).toHaveLength(3);
    const [{ body, type }] = service.sent as [{ body: string; type: string }];
    expect((await new Response(body, { headers: { 'content-type': type } }).formData()).get('count')).toBe(
      '3',
    );
  });

  test('a stream, whatever its chunks: a longer one goes on whole, and once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 0, maxLength: 6, unit: 'grapheme-ascii' }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 30 }),
        async (chunks, maxBufferedBytes) => {
          const service = reading();
          const { fetch } = harness({ fetch: service.fetch, retry: { maxBufferedBytes, baseDelayMs: 0 } });
          const { stream } = source(chunks.map(bytesOf));
          const response = await fetch(url, streamed(stream));
          const whole = chunks.join('');
          const fits = whole.length <= maxBufferedBytes;
          expect(service.bodies()).toEqual(Array(fits ? 3 : 1).fill(whole));
          expect(responseInfo(response)?.attempts.at(-1)?.reason).toBe(
            fits ? 'retries-exhausted' : 'body-not-replayable',
          );
        },
      ),
    );
  });

  test('memory that its maker uses again for each chunk', async () => {
    const service = reading();
    const { fetch } = harness({ fetch: service.fetch, retry: { maxBufferedBytes: 100, baseDelayMs: 0 } });
    const memory = new Uint8Array(4);
    const words = ['kelp', 'dulse'.slice(0, 4)];
    const stream = new ReadableStream({
      pull(controller) {
        const word = words.shift();
        if (word === undefined) return controller.close();
        memory.set(bytesOf(word));
        controller.enqueue(memory);
      },
    });
    await fetch(url, streamed(stream));
    expect(service.bodies()).toEqual(['kelpduls', 'kelpduls', 'kelpduls']);
  });

  test('a POST without a key that never left, with `unsent`', async () => {
    const service = reading(networkError('ECONNREFUSED'));
    const { fetch } = harness({
      fetch: service.fetch,
      retry: { maxBufferedBytes: 100, baseDelayMs: 0, unsent: true },
    });
    await rejection(Error, fetch(url, streamed(source([bytesOf('kelp')]).stream, {})));
    expect(service.bodies()).toEqual(['kelp', 'kelp', 'kelp']);
  });

  test.each([
    ['by default', {}, key],
    ['with no retries', { maxBufferedBytes: 100, maxRetries: 0 }, key],
    ['that is not repeatable', { maxBufferedBytes: 100 }, {}],
  ])('nothing is read ahead of a call %s', async (_, retry, headers) => {
    const service = reading();
    const { fetch } = harness({ fetch: service.fetch, retry });
    const { stream } = source([bytesOf('kelp')]);
    await fetch(url, streamed(stream, headers));
    expect(service.bodies()).toEqual(['kelp']);
    expect(service.inits[0]?.body).toBe(stream);
  });

  test.each([
    'kelp',
    bytesOf('kelp'),
    undefined,
  ])('what can be sent again is handed on as it is: %o', async body => {
    const service = reading();
    const { fetch } = harness({ fetch: service.fetch, retry: { maxBufferedBytes: 100 } });
    await fetch(url, { method: 'PUT', headers: key, ...(body !== undefined && { body }) });
    expect(service.inits[0]?.body).toBe(body);
  });

  test('an abort ends the reading, and the source is told why', async () => {
    const service = reading();
    const { fetch } = harness({ fetch: service.fetch, retry: { maxBufferedBytes: 100 } });
    const { stream, state } = source([bytesOf('ke')], 'stalls');
    const controller = new AbortController();
    const reason = new RangeError('enough');
    const call = fetch(url, { ...streamed(stream), signal: controller.signal });
    controller.abort(reason);
    expect(await rejection(RangeError, call)).toBe(reason);
    expect(state.cancelledWith).toBe(reason);
    expect(service.sent).toEqual([]);
  });

  test('the total timeout covers the reading', async () => {
    const service = reading();
    const { fetch, clock } = harness({ fetch: service.fetch, retry: { maxBufferedBytes: 100 } });
    const { stream, state } = source([bytesOf('ke')], 'stalls');
    const call = rejection(TimeoutError, fetch(url, streamed(stream)));
    await clock.advance(30_000);
    const error = await call;
    expect(error.scope).toBe('total');
    expect(state.cancelledWith).toBe(error);
    expect(service.sent).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('a source that fails is the end of the call', async () => {
    const service = reading();
    const { fetch } = harness({ fetch: service.fetch, retry: { maxBufferedBytes: 100 } });
    const broken = new RangeError('no more');
    const { stream } = source([bytesOf('ke')], broken);
    expect(await rejection(RangeError, fetch(url, streamed(stream)))).toBe(broken);
    expect(service.sent).toEqual([]);
  });

  test('what is no bytes is for fetch to refuse', async () => {
    const { fetch } = harness({ fetch: reading().fetch, retry: { maxBufferedBytes: 100 } });
    await rejection(TypeError, fetch(url, streamed(source([bytesOf('ke'), 'lp']).stream)));
  });
});
