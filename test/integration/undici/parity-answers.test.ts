/** What comes from the wire, legal or not, is read over undici as by the runtime's own `fetch`. */
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, Parity, type Program, raw } from '../../support/parity.ts';

let parity: Parity;
beforeAll(async () => {
  parity = await Parity.start();
});
afterAll(() => parity[Symbol.asyncDispose]());

const chunks = async (response: Response) => {
  const parts: Uint8Array[] = [];
  for await (const part of response.body ?? []) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
};

async function byob(response: Response): Promise<unknown> {
  const reader = response.body?.getReader({ mode: 'byob' });
  const read: number[] = [];
  for (;;) {
    const step = await reader?.read(new Uint8Array(4));
    if (!step || step.done) return [read, step?.value];
    read.push(...step.value);
  }
}

const readers: Record<string, (response: Response) => unknown> = {
  text: response => response.text(),
  json: response => response.json(),
  bytes: response => response.bytes(),
  arrayBuffer: response => response.arrayBuffer(),
  blob: response => response.blob(),
  formData: response => response.formData(),
  'a stream': chunks,
  byob,
  'a clone': async response => {
    const clone = response.clone();
    return Promise.allSettled([response.text(), clone.bytes()]);
  },
};

/** By each reader, and what can be said of the response before and after. */
const readingBy =
  (read: (response: Response) => unknown, init?: RequestInit): Program =>
  async (fetch, { home }) => {
    const response = await fetch(home, init);
    const { status, statusText, ok, type, url, redirected, bodyUsed } = response;
    const before = {
      status,
      statusText,
      ok,
      type,
      url,
      redirected,
      bodyUsed,
      headers: [...response.headers],
    };
    const value = await Promise.resolve(read(response)).then(
      value => ({ value }),
      (error: unknown) => ({ error }),
    );
    return { ...before, ...value, hasBody: response.body !== null, usedAfter: response.bodyUsed };
  };

const head = (status: string, ...fields: string[]) =>
  `HTTP/1.1 ${status}\r\n${['Connection: close', ...fields].map(field => `${field}\r\n`).join('')}\r\n`;

const sized = (body: string | Uint8Array, ...fields: string[]): Answer =>
  raw(head('200 OK', `Content-Length: ${Buffer.byteLength(body)}`, ...fields), body);

const gzipped = zlib.gzipSync('{"is":"ok"}');
const large = zlib.gzipSync(Buffer.alloc(300_000, 'hello '));

const coded = (coding: string, body: Uint8Array) => sized(body, `Content-Encoding: ${coding}`);

const bodies: Record<string, Answer> = {
  'with a length': sized('{"is":"ok"}'),
  'of no bytes': sized(''),
  'until the connection closes': raw(head('200 OK'), '{"is":"ok"}'),
  'of HTTP/1.0': raw('HTTP/1.0 200 OK\r\n\r\n{"is":"ok"}'),
  'of HTTP/1.0 with a length': raw('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}'),
  chunked: raw(head('200 OK', 'Transfer-Encoding: chunked'), '5\r\n{"is"\r\n6;x=y\r\n:"ok"}\r\n0\r\n\r\n'),
  'chunked with trailers': raw(
    head('200 OK', 'Transfer-Encoding: chunked', 'Trailer: X-After'),
    '2\r\n{}\r\n0\r\nX-After: yes\r\n\r\n',
  ),
  'chunked without a chunk': raw(head('200 OK', 'Transfer-Encoding: chunked'), '0\r\n\r\n'),
  'chunked and cut': raw(head('200 OK', 'Transfer-Encoding: chunked'), '5\r\n{"is"\r\n6\r\n:"'),
  'chunked and cut before its last chunk': raw(head('200 OK', 'Transfer-Encoding: chunked'), '2\r\n{}\r\n'),
  'chunked wrongly': raw(head('200 OK', 'Transfer-Encoding: chunked'), '2\r\n{}\r\nzz\r\n'),
  'chunked and with a length': raw(
    head('200 OK', 'Transfer-Encoding: chunked', 'Content-Length: 2'),
    '2\r\n{}\r\n0\r\n\r\n',
  ),
  'of another transfer coding': raw(head('200 OK', 'Transfer-Encoding: gzip'), '{}'),
  'shorter than its length': raw(head('200 OK', 'Content-Length: 20'), '{"is":"ok"}'),
  'longer than its length': raw(head('200 OK', 'Content-Length: 2'), '{"is":"ok"}'),
  'with two equal lengths': raw(head('200 OK', 'Content-Length: 2', 'Content-Length: 2'), '{}'),
  'with two lengths': raw(head('200 OK', 'Content-Length: 2', 'Content-Length: 3'), '{}'),
  'with a length that is none': raw(head('200 OK', 'Content-Length: x'), '{}'),
  'with a negative length': raw(head('200 OK', 'Content-Length: -1'), '{}'),
  'with a byte order mark': sized('\ufeff{"is":"ok"}'),
  'with two byte order marks': sized('\ufeff\ufeff{"is":"ok"}'),
  'in UTF-16': sized(Buffer.from('\ufeff{}', 'utf16le'), 'Content-Type: application/json; charset=utf-16le'),
  'of invalid UTF-8': sized(Buffer.from([0x22, 0xff, 0xc3, 0x28, 0x22])),
  'of bad JSON': sized('{"is":'),
  'of JSON null': sized('null'),
  'that is a form': sized('a=b&c=%C3%BC+d&a=2', 'Content-Type: application/x-www-form-urlencoded; charset=x'),
  'that is an empty form': sized('', 'Content-Type: application/x-www-form-urlencoded'),
  'that is a form of parts': sized(
    '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' +
      '--x\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\nContent-Type: text/x\r\n\r\nfile\r\n--x--\r\n',
    'Content-Type: multipart/form-data; boundary=x',
  ),
  'that is a broken form of parts': sized('--x\r\nContent', 'Content-Type: multipart/form-data; boundary=x'),
  'that is a form of parts without a boundary': sized('--x--\r\n', 'Content-Type: multipart/form-data'),
  'with a type': sized('{}', 'Content-Type: Text/HTML;Charset="UTF-8"'),
  'with two types': sized('{}', 'Content-Type: text/html', 'Content-Type: application/json;x=y'),
  'with a type that is none': sized('{}', 'Content-Type: nonsense'),
  'with an empty type': sized('{}', 'Content-Type:'),
  gzip: coded('gzip', gzipped),
  'x-gzip': coded('x-gzip', gzipped),
  'gzip in upper case': coded('GZIP', gzipped),
  'gzip with blanks': coded(' gzip', gzipped),
  deflate: coded('deflate', zlib.deflateSync('{"is":"ok"}')),
  'deflate as it is': coded('deflate', zlib.deflateRawSync('{"is":"ok"}')),
  br: coded('br', zlib.brotliCompressSync('{"is":"ok"}')),
  zstd: coded('zstd', zlib.zstdCompressSync('{"is":"ok"}')),
  'two codings': coded('gzip, br', zlib.brotliCompressSync(gzipped)),
  'two codings in two headers': sized(
    zlib.brotliCompressSync(gzipped),
    'Content-Encoding: gzip',
    'Content-Encoding: br',
  ),
  'five codings': coded(
    'gzip,gzip,gzip,gzip,gzip',
    [1, 2, 3, 4, 5].reduce(b => zlib.gzipSync(b), Buffer.from('{}')),
  ),
  identity: coded('identity', Buffer.from('{}')),
  'identity and gzip': coded('identity, gzip', gzipped),
  'an unknown coding': coded('own', Buffer.from('{}')),
  'an unknown coding and gzip': coded('own, gzip', gzipped),
  'an empty coding': coded('', Buffer.from('{}')),
  'a coding between commas': coded('gzip,', gzipped),
  compress: coded('compress', Buffer.from('{}')),
  'gzip of no bytes': coded('gzip', Buffer.alloc(0)),
  'deflate of no bytes': coded('deflate', Buffer.alloc(0)),
  'br of no bytes': coded('br', Buffer.alloc(0)),
  'zstd of no bytes': coded('zstd', Buffer.alloc(0)),
  'gzip, cut': coded('gzip', gzipped.subarray(0, -9)),
  'gzip without its last bytes': coded('gzip', gzipped.subarray(0, -4)),
  'gzip of a wrong checksum': coded('gzip', Buffer.concat([gzipped.subarray(0, -8), Buffer.alloc(8)])),
  'gzip with something after': coded('gzip', Buffer.concat([gzipped, Buffer.from('after')])),
  'gzip, twice over': coded('gzip', Buffer.concat([gzipped, gzipped])),
  'gzip, large': coded('gzip', large),
  'gzip, large and cut': coded('gzip', large.subarray(0, large.byteLength >> 1)),
  'deflate, cut': coded('deflate', zlib.deflateSync('{"is":"ok"}').subarray(0, -5)),
  'br, cut': coded('br', zlib.brotliCompressSync('{"is":"ok"}').subarray(0, -3)),
  'zstd, cut': coded('zstd', zlib.zstdCompressSync('{"is":"ok"}').subarray(0, -3)),
  'gzip that is none': coded('gzip', Buffer.from('this is no gzip')),
  'gzip that is none, and longer': coded('gzip', Buffer.alloc(30_000, 'this is no gzip')),
  'br that is none, and longer': coded('br', Buffer.alloc(30_000, 'this is no brotli')),
  'deflate that is none': coded('deflate', Buffer.from('this is no deflate')),
  'br that is none': coded('br', Buffer.from('this is no brotli')),
  'zstd that is none': coded('zstd', Buffer.from('this is no zstd')),
  'gzip, broken off on the way': raw(
    head('200 OK', `Content-Length: ${gzipped.byteLength}`, 'Content-Encoding: gzip'),
    gzipped.subarray(0, -9),
  ),
  'gzip in chunks': raw(
    head('200 OK', 'Transfer-Encoding: chunked', 'Content-Encoding: gzip'),
    `${gzipped.byteLength.toString(16)}\r\n`,
    gzipped,
    '\r\n0\r\n\r\n',
  ),
};

describe.each(Object.entries(readers))('a body read by %s:', (_, read) => {
  test.each(Object.entries(bodies))('%s', (_, answer) => parity.expectSame(readingBy(read), answer));
});

describe('a body, asked for over TLS:', () => {
  for (const coding of ['gzip', 'br', 'zstd', 'deflate'] as const)
    test(coding, () => parity.expectSame((fetch, { secure }) => fetch(secure), bodies[coding]));
});

describe('heads:', () => {
  const heads: Record<string, Answer> = {
    ...Object.fromEntries(
      [204, 205, 304].flatMap(status => [
        [`${status}`, raw(head(`${status} None`))],
        [`${status} with a length of 0`, raw(head(`${status} None`, 'Content-Length: 0'))],
        [`${status} with a length`, raw(head(`${status} None`, 'Content-Length: 2'))],
        [`${status} with a body`, raw(head(`${status} None`, 'Content-Length: 2'), '{}')],
        [
          `${status} in chunks`,
          raw(head(`${status} None`, 'Transfer-Encoding: chunked'), '2\r\n{}\r\n0\r\n\r\n'),
        ],
        [`${status} with a coding`, raw(head(`${status} None`, 'Content-Encoding: gzip'))],
      ]),
    ),
    ...Object.fromEntries(
      [200, 201, 203, 206, 300, 305, 400, 401, 403, 404, 418, 451, 500, 501, 511, 599, 600, 999].map(
        status => [`${status}`, raw(head(`${status} Some`, 'Content-Length: 2'), '{}')],
      ),
    ),
    '099': raw(head('099 Low', 'Content-Length: 2'), '{}'),
    '1000': raw(head('1000 High', 'Content-Length: 2'), '{}'),
    '100 first': raw('HTTP/1.1 100 Continue\r\n\r\n', head('200 OK', 'Content-Length: 2'), '{}'),
    '102 first': raw('HTTP/1.1 102 Processing\r\n\r\n', head('200 OK', 'Content-Length: 2'), '{}'),
    '103 first': raw(
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX-Early: yes\r\n\r\n',
      head('200 OK', 'Content-Length: 2', 'X-Late: yes'),
      '{}',
    ),
    '103 three times': raw(
      'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(3),
      head('200 OK', 'Content-Length: 2'),
      '{}',
    ),
    '103 and no more': raw('HTTP/1.1 103 Early Hints\r\n\r\n'),
    '101': raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: own\r\nConnection: upgrade\r\n\r\n'),
    'an empty reason': raw('HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{}'),
    'no reason': raw('HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}'),
    'a long reason': raw(head('200 All is well, and how are you?', 'Content-Length: 2'), '{}'),
    'a reason in Latin 1': raw(head('200 gr\u00fcezi', 'Content-Length: 2'), '{}'),
    'a reason in UTF-8': raw(head('200 gr\u00c3\u00bcezi', 'Content-Length: 2'), '{}'),
    'a reason with blanks': raw(head('200   a \t b  ', 'Content-Length: 2'), '{}'),
    'a reason with a tab': raw(head('200 \ta', 'Content-Length: 2'), '{}'),
    'a reason that is not right': raw(head('200 Not Found', 'Content-Length: 2'), '{}'),
    'one name twice': sized('{}', 'X-Custom: a', 'X-Other: b', 'x-custom: c'),
    'set-cookie twice': sized('{}', 'Set-Cookie: a=b', 'X-Other: b', 'set-cookie: c=d'),
    'a value in Latin 1': sized('{}', 'X-Custom: gr\u00fcezi'),
    'a value in UTF-8': sized('{}', 'X-Custom: gr\u00c3\u00bcezi'),
    'an empty value': sized('{}', 'X-Custom:', 'X-Other: '),
    'an empty value twice': sized('{}', 'X-Custom:', 'X-Custom: a', 'X-Custom:'),
    'a value with blanks': sized('{}', 'X-Custom:  \t a b'),
    'a value of blanks': sized('{}', 'X-Custom:   \t  '),
    'a value with a control character': sized('{}', 'X-Custom: a\u0001b'),
    'a value with a zero': sized('{}', 'X-Custom: a\0b'),
    'a folded value': sized('{}', 'X-Custom: a\r\n b'),
    'a name in upper case': sized('{}', 'X-CUSTOM: a'),
    'a name with odd characters': sized('{}', "x!#$%&'*+-.^_`|~: a"),
    'a name with a blank': sized('{}', 'X Custom: a'),
    'a name with a blank after': sized('{}', 'X-Custom : a'),
    'an empty name': sized('{}', ': a'),
    'names of what objects have': sized(
      '{}',
      '__proto__: a',
      'constructor: b',
      'toString: c',
      'hasOwnProperty: d',
    ),
    'names of numbers': sized('{}', '2: a', '1: b', 'a: c'),
    'no headers': raw('HTTP/1.1 200 OK\r\n\r\n{}'),
    'two hundred headers': sized('{}', ...Array.from({ length: 200 }, (_, n) => `x-${n}: ${n}`)),
    'too large a head': sized('{}', `X-Custom: ${'a'.repeat(40_000)}`),
    'lines without returns': raw('HTTP/1.1 200 OK\nContent-Length: 2\n\n{}'),
    'nothing at all': raw(''),
    'half a head': raw('HTTP/1.1 200 OK\r\nContent-Le'),
    garbage: raw('this is no HTTP\r\n\r\n'),
    'HTTP/2.0': raw('HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}'),
    'HTTP/0.9': raw('{}'),
    'HTTP in lower case': raw('http/1.1 200 OK\r\n\r\n{}'),
  };
  test.each(Object.entries(heads))('%s', (_, answer) =>
    parity.expectSame(
      readingBy(response => response.text()),
      answer,
    ));

  test.each(Object.entries(heads))('%s, after HEAD', (_, answer) =>
    parity.expectSame(
      readingBy(response => response.text(), { method: 'HEAD' }),
      answer,
    ));

  const codings = ['gzip', 'br', 'own', 'gzip, br'];
  test.each(codings)('a coding of %s, after HEAD', coding =>
    parity.expectSame(
      readingBy(response => response.text(), { method: 'HEAD' }),
      raw(head('200 OK', `Content-Encoding: ${coding}`, 'Content-Length: 42')),
    ));
});

describe('what differs:', () => {
  const read = readingBy(response => response.text());
  const programs = async (answer: Answer) => {
    const { program: theirs } = await parity.theirs(read, answer);
    const { program: ours } = await parity.ours(read, answer);
    return { theirs, ours };
  };

  test('blanks after a value are no part of it, as the standard says', async () => {
    const { theirs, ours } = await programs(sized('{}', 'X-Custom: a b \t ', 'Content-Encoding: own '));
    expect(theirs).toMatchObject({ headers: expect.arrayContaining([['x-custom', 'a b \t ']]) });
    expect(ours).toMatchObject({
      headers: expect.arrayContaining([
        ['x-custom', 'a b'],
        ['content-encoding', 'own'],
      ]),
    });
  });

  test('a 407 is a response', async () => {
    const { theirs, ours } = await programs(raw(head('407 Who are you', 'Content-Length: 2'), '{}'));
    expect(theirs).toMatchObject({ thrown: { message: 'fetch failed' } });
    expect(ours).toMatchObject({ status: 407, value: '{}' });
  });

  test('too many codings are refused in other words', async () => {
    const codings = Array.from({ length: 6 }, () => 'gzip').join();
    const { theirs, ours } = await programs(coded(codings, gzipped));
    expect(theirs).toMatchObject({ thrown: { message: 'fetch failed', cause: {} } });
    expect(ours).toMatchObject({
      thrown: {
        message: 'fetch failed',
        cause: { message: 'A response should have at most 5 content-encodings, got 6.' },
      },
    });
  });
});
