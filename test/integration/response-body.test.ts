import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createFetch, type FetchOptions, type HoldfastEvent } from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { filler, resetAfterBytes, startFaultServer } from '../support/fault-server.ts';
import { rejection } from '../support/rejection.ts';

const size = 200_000;

async function concatenated(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}

/** Reads a stream by the reader of its own buffers, as far as it goes. */
async function readByob(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = stream.getReader({ mode: 'byob' });
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(10_000));
    if (value) parts.push(value);
    if (done) return new Uint8Array(Buffer.concat(parts));
  }
}

/** Reads one chunk with one reader and the rest with another. */
async function readByTwoReaders(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const first = stream.getReader();
  const { value } = await first.read();
  first.releaseLock();
  return new Uint8Array(Buffer.concat([value as Uint8Array, await concatenated(stream)]));
}

async function readThroughFile(write: (path: string) => Promise<void>): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
  try {
    await write(join(folder, 'body'));
    return new Uint8Array(await readFile(join(folder, 'body')));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The end of a body is heard of within the turn of the event loop in which the reader hears of it. */
const endIsNoticed = (): Promise<void> => setImmediate();

/** Every way to read a body that a program may choose. */
const readers: Record<string, (response: Response) => Promise<Uint8Array>> = {
  'bytes()': response => response.bytes(),
  'arrayBuffer()': async response => new Uint8Array(await response.arrayBuffer()),
  'blob()': async response => new Uint8Array(await (await response.blob()).arrayBuffer()),
  'text()': async response => new TextEncoder().encode(await response.text()),
  'for await': response => concatenated(response.body!),
  'values()': response => concatenated(response.body!.values()),
  'getReader()': async response => {
    const reader = response.body!.getReader();
    const parts: Uint8Array[] = [];
    for (let step = await reader.read(); !step.done; step = await reader.read()) parts.push(step.value);
    return new Uint8Array(Buffer.concat(parts));
  },
  'a BYOB reader': response => readByob(response.body!),
  'two readers, one after the other': response => readByTwoReaders(response.body!),
  'pipeTo()': async response => {
    const parts: Uint8Array[] = [];
    await response.body!.pipeTo(new WritableStream({ write: part => void parts.push(part) }));
    return new Uint8Array(Buffer.concat(parts));
  },
  'pipeThrough()': response => concatenated(response.body!.pipeThrough(new TransformStream())),
  'both branches of tee()': async response => {
    const [one, other] = response.body!.tee();
    const [first, second] = await Promise.all([concatenated(one), concatenated(other)]);
    expect(second).toEqual(first);
    return first;
  },
  'clone(), both': async response => {
    const copy = response.clone();
    const [first, second] = await Promise.all([response.bytes(), copy.bytes()]);
    expect(second).toEqual(first);
    return first;
  },
  'the clone of a clone': async response => {
    const copy = response.clone().clone();
    const [first] = await Promise.all([copy.bytes(), response.bytes()]);
    return first;
  },
  'new Response(body)': response => new Response(response.body).bytes(),
  'new Response(body, response)': response => new Response(response.body, response).bytes(),
  'Readable.fromWeb()': response => concatenated(Readable.fromWeb(response.body as never)),
  'stream/promises to a file': response =>
    readThroughFile(path => pipeline(response.body as never, createWriteStream(path))),
  'Readable.fromWeb() to a file': response =>
    readThroughFile(path => pipeline(Readable.fromWeb(response.body as never), createWriteStream(path))),
};

/** A client, and what it says of how its bodies ended. */
function listening(options: FetchOptions = {}) {
  const ends: string[] = [];
  const observe = (event: HoldfastEvent) => {
    if (event.type === 'body-end') ends.push(event.end);
  };
  return { fetch: createFetch({ ...options, observe }), ends };
}

describe('a body arrives whole and its end is noticed once, read by', () => {
  test.each(Object.keys(readers))('%s', async name => {
    await using server = await startFaultServer();
    const { fetch, ends } = listening();
    const response = await fetch(server.url('/200', { size }));
    expect(await readers[name]!(response)).toEqual(filler(size));
    await endIsNoticed();
    const host = fetch.hosts.get(server.origin);
    expect({ ...host?.circuitBreaker?.counts, activeCalls: host?.activeCalls }).toEqual({
      successes: 1,
      failures: 0,
      activeCalls: 0,
    });
    await endIsNoticed();
    expect(ends).toEqual(['complete']);
  });

  test('json()', async () => {
    await using server = await startFaultServer();
    const { fetch, ends } = listening();
    const response = await fetch(server.url('/200'));
    expect(await response.json()).toEqual({ status: 200, count: 1 });
    await endIsNoticed();
    expect(ends).toEqual(['complete']);
  });

  test('json(), where the body is no JSON: the body is not to blame', async () => {
    await using server = await startFaultServer();
    const { fetch, ends } = listening();
    const response = await fetch(server.url('/200', { size: 10 }));
    await expect(response.json()).rejects.toBeInstanceOf(SyntaxError);
    await endIsNoticed();
    expect(ends).toEqual(['complete']);
  });

  test('formData()', async () => {
    await using server = await startFaultServer();
    const { fetch, ends } = listening();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await fetch(server.url('/200', { size: 5, headers }));
    expect([...(await response.formData())]).toEqual([['abcde', '']]);
    await endIsNoticed();
    expect(ends).toEqual(['complete']);
  });
});

describe('a body that is cut half-way fails the reading with a TypeError, read by', () => {
  test.each(Object.keys(readers))('%s', async name => {
    await using server = await startFaultServer();
    const { fetch, ends } = listening();
    const response = await fetch(server.url('/reset-mid-body', { size, hold: true }));
    const bytes = rejection(TypeError, readers[name]!(response));
    await server.release('/reset-mid-body');
    expect((await bytes).cause).toMatchObject({ code: expect.stringMatching(resetAfterBytes) });
    await endIsNoticed();
    expect(ends).toEqual(['failed']);
  });
});

describe("a body that is cut half-way counts against its host's circuit", () => {
  test.each([
    ['reset-mid-body', 'length'],
    ['reset-mid-body', 'chunked'],
    ['fin-mid-body', 'length'],
    ['fin-mid-body', 'chunked'],
    ['length-too-long', 'length'],
    ['garbage-mid-body', 'chunked'],
  ] as const)('%s (%s)', async (answer, framing) => {
    await using server = await startFaultServer();
    await using fetch = createFetch();
    const response = await fetch(server.url(`/${answer}`, { framing, hold: true }));
    const text = rejection(TypeError, response.text());
    await server.release(`/${answer}`);
    await text;
    expect(fetch.hosts.get(server.origin)?.circuitBreaker?.counts).toEqual({ successes: 0, failures: 1 });
    expect(await server.requests()).toHaveLength(1);
  });

  test('as does one that the total timeout ends', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, totalTimeoutMs: 5_000, attemptTimeoutMs: 2_000 });
    const response = await fetch(server.url('/stall-body'));
    const text = expect(response.text()).rejects.toMatchObject({ code: 'TIMEOUT' });
    await clock.advance(5_000);
    await text;
    expect(fetch.hosts.get(server.origin)?.circuitBreaker?.counts).toEqual({ successes: 0, failures: 1 });
  });

  test('and opens it', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ circuitBreaker: { consecutiveFailures: 2, minimumSilenceMs: 0 } });
    for (let call = 0; call < 2; call++) {
      const response = await fetch(server.url('/fin-mid-body'));
      await rejection(TypeError, response.text());
    }
    expect(fetch.hosts.get(server.origin)?.circuitBreaker?.state).toBe('open');
    await expect(fetch(server.url('/200'))).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(await server.requests('/200')).toHaveLength(0);
  });
});

describe("what the reader decides does not count against the host's circuit:", () => {
  test.each<[string, (response: Response) => Promise<unknown>]>([
    ['body.cancel()', response => response.body!.cancel('enough')],
    [
      'reader.cancel()',
      async response => {
        const reader = response.body!.getReader();
        await reader.read();
        await reader.cancel('enough');
      },
    ],
    [
      'leaving a for await',
      async response => {
        for await (const _ of response.body!) break;
      },
    ],
    [
      'a pipe whose other end fails',
      response => {
        const full = new WritableStream({ write: () => Promise.reject(new Error('disk full')) });
        return expect(response.body!.pipeTo(full)).rejects.toThrow('disk full');
      },
    ],
    [
      'a pipe that is aborted',
      response => {
        const signal = AbortSignal.abort('enough');
        return expect(response.body!.pipeTo(new WritableStream(), { signal })).rejects.toBe('enough');
      },
    ],
    [
      'destroying a Readable',
      async response => {
        const readable = Readable.fromWeb(response.body as never);
        for await (const _ of readable) break;
      },
    ],
    [
      'cancelling both branches of a tee',
      response => Promise.all(response.body!.tee().map(branch => branch.cancel('enough'))),
    ],
    [
      'cancelling a response and its clone',
      response => {
        const copy = response.clone();
        return Promise.all([response.body!.cancel('enough'), copy.body!.cancel('enough')]);
      },
    ],
  ])('%s, and the server sees the socket close', async (_how, giveUp) => {
    await using server = await startFaultServer();
    const { fetch, ends } = listening();
    const response = await fetch(server.url('/stall-body', { size }));
    await giveUp(response);
    expect(await server.waitForClose('/stall-body')).toMatchObject({ closedBy: 'client' });
    expect(fetch.hosts.get(server.origin)?.circuitBreaker?.counts).toMatchObject({ failures: 0 });
    await endIsNoticed();
    expect(ends).toEqual(['cancelled']);
  });
});

describe('the response is the one that fetch gives', () => {
  test('its body is one and the same stream each time', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch();
    const response = await fetch(server.url('/200'));
    expect(response.body).toBe(response.body);
    expect(response.body).toBeInstanceOf(ReadableStream);
    expect(response).toBeInstanceOf(Response);
  });

  test('its members say what they say without us', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch();
    const headers = { 'content-type': 'text/plain', 'x-custom': 'a, b' };
    const url = server.url('/201', { headers, size: 10 });
    const facts = (response: Response) => {
      const { url, status, statusText, ok, redirected, type, bodyUsed } = response;
      return { url, status, statusText, ok, redirected, type, bodyUsed, headers: [...response.headers] };
    };
    expect(facts(await fetch(url))).toEqual(facts(await globalThis.fetch(url)));
  });

  test('a second reading fails as it does without us', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch();
    const response = await fetch(server.url('/200'));
    await response.text();
    expect(response.bodyUsed).toBe(true);
    await rejection(TypeError, response.text());
    expect(() => response.clone()).toThrow(TypeError);
  });

  test('a locked body refuses another reader', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch();
    const response = await fetch(server.url('/200'));
    const reader = response.body!.getReader();
    expect(() => response.body!.getReader()).toThrow(TypeError);
    await rejection(TypeError, response.text());
    await reader.cancel();
  });

  test('it can be uploaded again as it is read', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch();
    const download = await fetch(server.url('/200', { size }));
    await fetch(server.url('/201'), { method: 'POST', body: download.body, duplex: 'half' } as RequestInit);
    expect((await server.seen('/201')).body).toEqual(filler(size));
  });

  test('a slow reader slows the server down', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch();
    const response = await fetch(server.url('/200', { size: 20_000_000 }));
    const reader = response.body!.getReader();
    await reader.read();
    expect((await server.requests('/200'))[0]?.answered).toBe(false);
    await reader.cancel();
  });
});

describe('the lease of a response', () => {
  test('that nobody reads ends by itself; the body can still be read', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    const { fetch, ends } = listening({ clock, leaseMs: 3_000 });
    const response = await fetch(server.url('/stall-body', { size: 100 }));
    expect(fetch.hosts.get(server.origin)?.activeCalls).toBe(1);
    await clock.advance(3_000);
    expect(fetch.hosts.get(server.origin)?.activeCalls).toBe(0);
    expect(ends).toEqual(['expired']);
    await server.release('/stall-body');
    expect(await response.bytes()).toEqual(filler(100));
    expect(ends).toEqual(['expired']);
    await fetch.close();
  });

  test('that somebody reads lasts as long as the reading', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    const { fetch, ends } = listening({ clock, leaseMs: 3_000 });
    const response = await fetch(server.url('/stall-body', { size: 100 }));
    const bytes = response.bytes();
    await clock.advance(20_000);
    expect(fetch.hosts.get(server.origin)?.activeCalls).toBe(1);
    await server.release('/stall-body');
    await bytes;
    await endIsNoticed();
    expect(fetch.hosts.get(server.origin)?.activeCalls).toBe(0);
    expect(ends).toEqual(['complete']);
    await fetch.close();
  });

  test.each([
    ['204', 'GET'],
    ['304', 'GET'],
    ['200', 'HEAD'],
  ])('that has no body (%s to %s) ends with its headers', async (status, method) => {
    await using server = await startFaultServer();
    const { fetch, ends } = listening();
    await fetch(server.url(`/${status}`), { method });
    await endIsNoticed();
    expect(fetch.hosts.get(server.origin)?.activeCalls).toBe(0);
    expect(ends).toEqual(['complete']);
    await fetch.close();
  });
});

test('a clone that is cancelled leaves the response readable', async () => {
  await using server = await startFaultServer();
  await using fetch = createFetch();
  const response = await fetch(server.url('/200', { size }));
  const copy = response.clone();
  const [bytes] = await Promise.all([response.bytes(), copy.body!.cancel()]);
  expect(bytes).toEqual(filler(size));
});

test('a close-delimited body that is cut reads as complete: HTTP gives no sign of it', async () => {
  await using server = await startFaultServer();
  const { fetch, ends } = listening();
  const response = await fetch(server.url('/reset-mid-body', { framing: 'close', size: 100 }));
  expect(await response.text()).toHaveLength(50);
  await fetch.close();
  expect(ends).toEqual(['complete']);
});

test('a file goes up as it is read from the disk', async () => {
  await using server = await startFaultServer();
  await using fetch = createFetch();
  const file = new URL(import.meta.url);
  const body = Readable.toWeb(createReadStream(file)) as ReadableStream;
  await fetch(server.url('/201'), { method: 'PUT', body, duplex: 'half' } as RequestInit);
  expect((await server.seen('/201')).body).toEqual(new Uint8Array(await readFile(file)));
});
