/** Whatever a server sends, a call comes to an end, its connection too, and that is the end of it. */
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetch } from '../../../src/index.ts';
import { undici } from '../../../src/transport/undici/index.ts';

type Fetch = typeof globalThis.fetch;
type Read = (response: Response) => Promise<unknown>;

/** Sends the same bytes to everybody who connects and says something. */
class ByteServer {
  bytes: Uint8Array = Buffer.alloc(0);
  readonly #open = new Set<Socket>();
  readonly #server = net.createServer(socket => {
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    socket.on('error', () => {});
    socket.once('data', () => socket.end(this.bytes));
  });

  async listen(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async allClosed(): Promise<void> {
    await Promise.all([...this.#open].map(socket => new Promise(resolve => socket.once('close', resolve))));
  }

  close(): void {
    this.#server.close();
  }
}

const server = new ByteServer();
const ours = createFetch({ transport: undici(), retry: false, circuitBreaker: false });
let url: string;

beforeAll(async () => {
  url = await server.listen();
});
afterAll(async () => {
  await ours.close();
  server.close();
});

const readers: Record<string, Read> = {
  text: response => response.text(),
  json: response => response.json(),
  bytes: async response => Buffer.from(await response.bytes()).toString('latin1'),
  'a stream': async response => {
    const parts: Uint8Array[] = [];
    for await (const part of response.body ?? []) parts.push(part);
    return Buffer.concat(parts).toString('latin1');
  },
  'a clone': async response => {
    const [one, other] = await Promise.all([response.clone().text(), response.text()]);
    return [one, other];
  },
};

interface Outcome {
  readonly thrown?: boolean;
  readonly status?: number;
  readonly statusText?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly value?: unknown;
}

const unpadded = (value: string): string => value.replaceAll(/[\t ]*,[\t ]*/g, ', ').trim();

/** What a program makes of it; the words are not compared. */
async function outcome(fetch: Fetch, read: Read): Promise<Outcome> {
  let response: Response;
  try {
    response = await fetch(url, { redirect: 'manual' });
  } catch (error) {
    return { thrown: error instanceof TypeError };
  }
  const { status, statusText } = response;
  // Blanks around values, joined ones too, are none of theirs (docs/undici.md).
  const headers = [...response.headers].map(([name, value]) => [name, unpadded(value)] as const);
  const value = await read(response).catch((error: Error) => ({ name: error.name }));
  return { status, statusText, headers, value };
}

async function expectSame(bytes: Uint8Array, read: Read): Promise<void> {
  server.bytes = bytes;
  const theirs = await outcome(globalThis.fetch, read);
  const mine = await outcome(ours as Fetch, read);
  await server.allClosed();
  expect(isByChance(mine, theirs) ? { ...mine, value: theirs.value } : mine).toEqual(theirs);
}

/**
 * A coded body may decode to its end before its connection breaks off, and what is heard of first is a matter of chance.
 * Then one of the two fails as a cut body does.
 */
function isByChance(mine: Outcome, theirs: Outcome): boolean {
  const isCoded = mine.headers?.some(([name]) => name === 'content-encoding');
  return (
    isCoded === true && [mine, theirs].some(({ value }) => isDeepStrictEqual(value, { name: 'TypeError' }))
  );
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

const field = fc.constantFrom(
  'Content-Length: 11',
  'Content-Length: 0',
  'Content-Length: 12',
  'Transfer-Encoding: chunked',
  'Connection: close',
  'Connection: keep-alive',
  'Content-Encoding: gzip',
  'Content-Encoding: br',
  'Content-Encoding: deflate',
  'Content-Type: application/json',
  'Set-Cookie: a=b',
  'Trailer: X-After',
  'X-Custom: gr\u00fcezi',
  'X-Custom:',
  'Location: /next',
);

const body = fc.constantFrom<Uint8Array>(
  latin1('{"is":"ok"}'),
  latin1(''),
  latin1('b\r\n{"is":"ok"}\r\n0\r\n\r\n'),
  latin1('5;a=b\r\n{"is"\r\n6\r\n:"ok"}\r\n0\r\nX-After: yes\r\n\r\n'),
  zlib.gzipSync('{"is":"ok"}'),
  zlib.brotliCompressSync('{"is":"ok"}'),
  zlib.deflateRawSync('{"is":"ok"}'),
  // The `fetch` of Node 24 ends the process when a body of more than 64 KiB is cut off before it is read.
  Buffer.alloc(30_000, 'long '),
);

const interim = fc.constantFrom(
  '',
  '',
  '',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
);
const line = fc.constantFrom(
  'HTTP/1.1 200 OK',
  'HTTP/1.1 200 OK',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 302 Found',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.1 503 ',
);

const valid = fc
  .tuple(interim, line, fc.array(field, { maxLength: 6 }), body)
  .map(([early, first, fields, content]) =>
    Buffer.concat([latin1(`${early}${[first, ...fields].join('\r\n')}\r\n\r\n`), content]),
  );

/** Cut, or with some bytes changed, put in or taken out. */
const mutated = fc
  .tuple(
    valid,
    fc.array(
      fc.tuple(
        fc.constantFrom('change', 'insert', 'remove', 'cut'),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([bytes, changes]) =>
    changes.reduce((before, [kind, where, byte]) => {
      const at = where % (before.length + 1);
      const rest = before.subarray(kind === 'insert' ? at : at + 1);
      if (kind === 'cut') return before.subarray(0, at);
      return Buffer.concat([before.subarray(0, at), ...(kind === 'remove' ? [] : [Buffer.of(byte)]), rest]);
    }, bytes),
  );

const runs = Number(process.env.HOLDFAST_FUZZ_RUNS ?? 150);

describe.each(Object.entries(readers))('read by %s, it is the same as with fetch:', (_, read) => {
  test('any bytes', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), bytes => expectSame(bytes, read)),
      { numRuns: runs / 5 },
    ));

  test('bytes of any kind after a head', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(field, { maxLength: 4 }),
        fc.uint8Array({ maxLength: 300 }),
        (fields, bytes) =>
          expectSame(
            Buffer.concat([latin1(`${['HTTP/1.1 200 OK', ...fields].join('\r\n')}\r\n\r\n`), bytes]),
            read,
          ),
      ),
      { numRuns: runs },
    ));

  test('any answer of parts that fit or do not', () =>
    fc.assert(
      fc.asyncProperty(valid, bytes => expectSame(bytes, read)),
      { numRuns: runs },
    ));

  test('an answer that was cut or changed', () =>
    fc.assert(
      fc.asyncProperty(mutated, bytes => expectSame(bytes, read)),
      { numRuns: runs },
    ));
});
