/** What is sent, and what is refused: over undici as by the runtime's own `fetch`. */
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Parity, type Program } from '../../support/parity.ts';

let parity: Parity;
beforeAll(async () => {
  parity = await Parity.start();
});
afterAll(() => parity[Symbol.asyncDispose]());

const same = (programs: Record<string, Program>): void => {
  test.each(Object.entries(programs))('%s', (_, program) => parity.expectSame(program));
};

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

class InitOfOnesOwn {
  readonly method = 'PUT';
  readonly #content: string;

  constructor(content: string) {
    this.#content = content;
  }

  get headers(): HeadersInit {
    return { 'X-Custom': 'from a getter' };
  }

  get body(): string {
    return this.#content;
  }
}

const anyInit = (init: unknown): RequestInit => init as RequestInit;
const anyHeaders = (headers: unknown): RequestInit => ({ headers: headers as HeadersInit });

describe('inputs:', () =>
  same({
    'a string': (fetch, { home }) => fetch(`${home}/a?b=c`),
    'a URL': (fetch, { home }) => fetch(new URL(`${home}/a?b=c`)),
    'an object that reads as a URL': (fetch, { home }) =>
      fetch({ toString: () => `${home}/object` } as unknown as string),
    'a Request with a body': (fetch, { home }) => fetch(new Request(home, { method: 'POST', body: 'x' })),
    'a Request and an init': (fetch, { home }) =>
      fetch(new Request(home, { method: 'POST', body: 'x', headers: { a: '1' } }), { headers: { b: '2' } }),
    'a Request and a body': (fetch, { home }) =>
      fetch(new Request(home, { method: 'POST', body: 'x' }), { body: 'y' }),
    'a Request and another method': (fetch, { home }) =>
      fetch(new Request(home, { method: 'POST', body: 'x' }), { method: 'PUT' }),
    'a Request with a body and GET': (fetch, { home }) =>
      fetch(new Request(home, { method: 'POST', body: 'x' }), { method: 'GET' }),
    'a Request that was cloned': async (fetch, { home }) => {
      const request = new Request(home, { method: 'POST', body: 'twice' });
      const clone = request.clone();
      return [await fetch(request), await fetch(clone), request.bodyUsed, clone.bodyUsed];
    },
    'a Request that has been used': async (fetch, { home }) => {
      const request = new Request(home, { method: 'POST', body: 'gone' });
      await request.text();
      return fetch(request);
    },
    'a Request, sent twice': async (fetch, { home }) => {
      const request = new Request(home, { method: 'POST', body: 'once' });
      const first = await fetch(request);
      return [
        first,
        request.bodyUsed,
        await Promise.allSettled([fetch(request)]).then(([second]) => second.status),
      ];
    },
    'a Request with a locked body': (fetch, { home }) => {
      const request = new Request(home, { method: 'POST', body: 'locked' });
      request.body?.getReader();
      return fetch(request);
    },
    'a Request for an init': (fetch, { home }) =>
      fetch(`${home}/other`, new Request(home, { method: 'PUT', body: 'init', headers: { a: '1' } })),
    'a Request of a subclass': (fetch, { home }) => {
      class OwnRequest extends Request {}
      return fetch(new OwnRequest(home, { method: 'POST', body: 'own' }));
    },
    'a relative URL': fetch => fetch('/relative'),
    'an empty string': fetch => fetch(''),
    'no argument': fetch => (fetch as unknown as () => Promise<Response>)(),
    undefined: fetch => fetch(undefined as unknown as string),
    null: fetch => fetch(null as unknown as string),
    'a number': fetch => fetch(42 as unknown as string),
    'an invalid URL': fetch => fetch('http://'),
    'credentials in the URL': fetch => fetch('https://user:secret@home.test/'),
    'a user in the URL': fetch => fetch('https://user@home.test/'),
    'credentials in a URL object': fetch => fetch(new URL('https://user:secret@home.test/')),
  }));

describe('URLs:', () =>
  same({
    'with a fragment': (fetch, { home }) => fetch(`${home}/a#part`),
    'with an empty fragment': (fetch, { home }) => fetch(`${home}/a#`),
    'with an empty query': (fetch, { home }) => fetch(`${home}/a?`),
    'with an empty query and a fragment': (fetch, { home }) => fetch(`${home}/a?#b?c`),
    'with a query that has a question mark': (fetch, { home }) => fetch(`${home}/a??b#c`),
    'without a path': (fetch, { home }) => fetch(`${home}?b`),
    'with dots': (fetch, { home }) => fetch(`${home}/a/../b/./c`),
    'with spaces and umlauts': (fetch, { home }) => fetch(` ${home}/grüezi mitenand?ü=ä ö#ß `),
    'with backslashes': (fetch, { home }) => fetch(`${home}\\a\\b`),
    'with a line break': (fetch, { home }) => fetch(`${home}/a\n\tb`),
    'with percent signs': (fetch, { home }) => fetch(`${home}/%61%zz%2f?%`),
    'with quotes, braces and pipes': (fetch, { home }) => fetch(`${home}/"{|}"?'"<>`),
    'in upper case': (fetch, { home }) => fetch(`${home.replace('http', 'HTTP')}/A`),
    'with two slashes': (fetch, { home }) => fetch(`${home}//a//b`),
    'over TLS': (fetch, { secure }) => fetch(`${secure}/a`),
    'of a certificate for another name': (fetch, { secure }) =>
      fetch(secure.replace('localhost', '127.0.0.2')),
    'data:': fetch => fetch('data:text/plain,hello'),
    'data: in base 64': fetch => fetch('data:;base64,aGVsbG8='),
    'data: that is none': fetch => fetch('data:'),
    'blob:': async fetch => {
      const url = URL.createObjectURL(new Blob(['hello'], { type: 'text/x-custom' }));
      const response = await fetch(url);
      const seen = [response.status, await response.text(), response.headers.get('content-type')];
      URL.revokeObjectURL(url);
      return seen;
    },
    'blob: that is gone': fetch => fetch('blob:nodedata:00000000-0000-4000-8000-000000000000'),
    'about:blank': fetch => fetch('about:blank'),
    'file:': fetch => fetch('file:///etc/hostname'),
    'ftp:': fetch => fetch('ftp://home.test/'),
    'an unknown scheme': fetch => fetch('gopher://home.test/'),
    'javascript:': fetch => fetch('javascript:1'),
    'of a port of another protocol': fetch => fetch('http://127.0.0.1:25/'),
    'of a port of another protocol, over TLS': fetch => fetch('https://127.0.0.1:6667/'),
    'of a port where nobody listens': async fetch => {
      const error = await fetch('http://127.0.0.1:2/').catch((error: Error) => error);
      return [error instanceof TypeError];
    },
    'of port 0': fetch => fetch('http://127.0.0.1:0/'),
  }));

describe('inits:', () =>
  same({
    null: (fetch, { home }) => fetch(home, null as unknown as RequestInit),
    undefined: (fetch, { home }) => fetch(home, undefined),
    'a string': (fetch, { home }) => fetch(home, 'init' as unknown as RequestInit),
    'a number': (fetch, { home }) => fetch(home, 1 as unknown as RequestInit),
    'a function': (fetch, { home }) =>
      fetch(
        home,
        anyInit(() => {}),
      ),
    'an array': (fetch, { home }) => fetch(home, anyInit([])),
    'an instance of a class': (fetch, { home }) => fetch(home, anyInit(new InitOfOnesOwn('of a class'))),
    'without a prototype': (fetch, { home }) =>
      fetch(home, Object.assign(Object.create(null), { method: 'PUT', body: 'bare' })),
    'that inherits from another': (fetch, { home }) =>
      fetch(home, Object.create({ method: 'PUT', body: 'inherited' }) as RequestInit),
    'of undefined members': (fetch, { home }) =>
      fetch(home, anyInit({ method: undefined, headers: undefined, body: undefined, redirect: undefined })),
    'with a getter that throws': (fetch, { home }) =>
      fetch(home, {
        get method(): string {
          throw new Error('in a getter');
        },
      }),
    'that cannot be changed': (fetch, { home }) =>
      fetch(home, Object.freeze({ method: 'POST', headers: Object.freeze({ a: '1' }), body: 'frozen' })),
    'with unknown members': (fetch, { home }) => fetch(home, anyInit({ next: { revalidate: 60 }, cf: {} })),
    'with an unknown redirect mode': (fetch, { home }) => fetch(home, anyInit({ redirect: 'sometimes' })),
    'with an unknown mode': (fetch, { home }) => fetch(home, anyInit({ mode: 'sometimes' })),
    'with an unknown cache mode': (fetch, { home }) => fetch(home, anyInit({ cache: 'sometimes' })),
    'with unknown credentials': (fetch, { home }) => fetch(home, anyInit({ credentials: 'sometimes' })),
    'with an unknown referrer policy': (fetch, { home }) => fetch(home, anyInit({ referrerPolicy: 'x' })),
    'with an unknown priority': (fetch, { home }) => fetch(home, anyInit({ priority: 'sometimes' })),
    'with an unknown duplex': (fetch, { home }) =>
      fetch(home, anyInit({ method: 'POST', body: 'x', duplex: 'full' })),
    'with a window': (fetch, { home }) => fetch(home, anyInit({ window: {} })),
    'with a signal that is none': (fetch, { home }) => fetch(home, anyInit({ signal: {} })),
    'with null for a signal': (fetch, { home }) => fetch(home, { signal: null }),
    'with keepalive': (fetch, { home }) => fetch(home, { keepalive: true }),
    'with keepalive and a stream': (fetch, { home }) =>
      fetch(
        home,
        anyInit({ method: 'POST', body: new Blob(['x']).stream(), duplex: 'half', keepalive: true }),
      ),
    'mode: no-cors': (fetch, { home }) => fetch(home, { mode: 'no-cors' }),
    'mode: same-origin': (fetch, { home }) => fetch(home, { mode: 'same-origin' }),
    'mode: navigate': (fetch, { home }) => fetch(home, { mode: 'navigate' }),
    'mode: cors': (fetch, { home }) => fetch(home, { mode: 'cors' }),
    'cache: no-store': (fetch, { home }) => fetch(home, { cache: 'no-store' }),
    'cache: no-cache': (fetch, { home }) => fetch(home, { cache: 'no-cache' }),
    'cache: reload': (fetch, { home }) => fetch(home, { cache: 'reload' }),
    'cache: force-cache': (fetch, { home }) => fetch(home, { cache: 'force-cache' }),
    'cache: only-if-cached': (fetch, { home }) => fetch(home, { cache: 'only-if-cached' }),
    'credentials: include': (fetch, { home }) => fetch(home, { credentials: 'include' }),
    'credentials: omit': (fetch, { home }) =>
      fetch(home, { credentials: 'omit', headers: { Cookie: 'a=b', Authorization: 'Basic eDp5' } }),
    'a referrer': (fetch, { home }) => fetch(home, { referrer: `${home}/from` }),
    'no referrer': (fetch, { home }) => fetch(home, { referrer: '' }),
    'a referrer policy': (fetch, { home }) => fetch(home, { referrerPolicy: 'no-referrer' }),
    'the right integrity': (fetch, { home }) =>
      fetch(home, { integrity: 'sha256-+x7I9EgcX95nSxN7tRWTUUafMKtPOiNeB1y8tQ0hWdk= sha1-x' }),
    'a wrong integrity': (fetch, { home }) =>
      fetch(home, { integrity: 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' }),
  }));

describe('methods:', () => {
  const spelled = [
    'get',
    'post',
    'Put',
    'delete',
    'options',
    'head',
    'patch',
    'PATCH',
    'QUERY',
    'own',
    'M-SEARCH',
  ];
  test.each(spelled)('%s', method => parity.expectSame((fetch, { home }) => fetch(home, { method })));

  const withBody = ['post', 'put', 'delete', 'OPTIONS', 'PATCH', 'patch', 'QUERY', 'own'];
  test.each(withBody)('%s with a body', method =>
    parity.expectSame((fetch, { home }) => fetch(home, { method, body: 'x' })));

  const refused = ['TRACE', 'trace', 'TRACK', 'CONNECT', 'NOT A METHOD', '', 'GET\n', 'é', 'null'];
  test.each(refused)('%j', method => parity.expectSame((fetch, { home }) => fetch(home, { method })));

  test('null', () => parity.expectSame((fetch, { home }) => fetch(home, anyInit({ method: null }))));

  test.each(['GET', 'HEAD', 'get'])('%s with a body', method =>
    parity.expectSame((fetch, { home }) => fetch(home, { method, body: 'x' })));
  test.each(['GET', 'HEAD'])('%s with an empty body', method =>
    parity.expectSame((fetch, { home }) => fetch(home, { method, body: '' })));
  test('GET with null for a body', () => parity.expectSame((fetch, { home }) => fetch(home, { body: null })));
});

describe('headers:', () =>
  same({
    'an object': (fetch, { home }) => fetch(home, { headers: { 'X-Custom': 'yes', accept: 'a/b' } }),
    pairs: (fetch, { home }) =>
      fetch(home, {
        headers: [
          ['X-Custom', 'a'],
          ['X-Custom', 'b'],
        ],
      }),
    'a Map': (fetch, { home }) => fetch(home, anyHeaders(new Map([['X-Custom', 'yes']]))),
    'an iterator': (fetch, { home }) => fetch(home, anyHeaders(new Map([['X-Custom', 'yes']]).entries())),
    'a generator': (fetch, { home }) =>
      fetch(
        home,
        anyHeaders(
          (function* () {
            yield ['X-Custom', 'yes'];
          })(),
        ),
      ),
    'an object without a prototype': (fetch, { home }) =>
      fetch(home, anyHeaders(Object.assign(Object.create(null), { a: '1' }))),
    'an object that inherits': (fetch, { home }) =>
      fetch(home, anyHeaders(Object.assign(Object.create({ inherited: '1' }), { own: '2' }))),
    'a member that is undefined': (fetch, { home }) => fetch(home, anyHeaders({ a: undefined })),
    'a member that is null': (fetch, { home }) => fetch(home, anyHeaders({ a: null })),
    'a member that is a number': (fetch, { home }) => fetch(home, anyHeaders({ a: 42 })),
    'a member that is a list': (fetch, { home }) => fetch(home, anyHeaders({ a: ['x', 'y'] })),
    'a member that is a symbol': (fetch, { home }) => fetch(home, anyHeaders({ a: Symbol('x') })),
    null: (fetch, { home }) => fetch(home, anyHeaders(null)),
    'a string': (fetch, { home }) => fetch(home, anyHeaders('a: b')),
    'a number': (fetch, { home }) => fetch(home, anyHeaders(1)),
    'pairs of three': (fetch, { home }) => fetch(home, anyHeaders([['a', 'b', 'c']])),
    'names in two cases': (fetch, { home }) => fetch(home, { headers: { 'X-Custom': 'a', 'x-custom': 'b' } }),
    'an empty name': (fetch, { home }) => fetch(home, { headers: { '': 'x' } }),
    'an invalid name': (fetch, { home }) => fetch(home, { headers: { 'not a name': 'x' } }),
    'an invalid value': (fetch, { home }) => fetch(home, { headers: { 'X-Custom': 'a\nb' } }),
    'a value with a zero': (fetch, { home }) => fetch(home, { headers: { 'X-Custom': 'a\0b' } }),
    'a value with a control character': (fetch, { home }) =>
      fetch(home, { headers: { 'X-Custom': 'a\u0001b' } }),
    'a value beyond Latin 1': (fetch, { home }) => fetch(home, { headers: { 'X-Custom': '€' } }),
    'a value in Latin 1': (fetch, { home }) => fetch(home, { headers: { 'X-Custom': 'grüezi' } }),
    'a value with blanks around it': (fetch, { home }) =>
      fetch(home, { headers: { 'X-Custom': ' \t a b\r\n' } }),
    'an empty value': (fetch, { home }) => fetch(home, { headers: { 'X-Custom': '', Accept: '' } }),
    'all that fetch adds, given': (fetch, { home }) =>
      fetch(home, {
        headers: {
          Accept: 'a/b',
          'Accept-Language': 'en',
          'Sec-Fetch-Mode': 'own',
          'User-Agent': 'own',
          'Accept-Encoding': 'identity',
        },
      }),
    'a type for text': (fetch, { home }) =>
      fetch(home, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }),
    'an empty type for text': (fetch, { home }) =>
      fetch(home, { method: 'POST', body: '{}', headers: { 'Content-Type': '' } }),
    Host: (fetch, { home }) => fetch(home, { headers: { Host: 'other.test' } }),
    'Connection: close': (fetch, { home }) => fetch(home, { headers: { Connection: 'close' } }),
    'Connection: keep-alive': (fetch, { home }) => fetch(home, { headers: { Connection: 'keep-alive' } }),
    'Keep-Alive': (fetch, { home }) => fetch(home, { headers: { 'Keep-Alive': 'timeout=5' } }),
    Upgrade: (fetch, { home }) => fetch(home, { headers: { Upgrade: 'websocket' } }),
    'Transfer-Encoding': (fetch, { home }) => fetch(home, { headers: { 'Transfer-Encoding': 'chunked' } }),
    Expect: (fetch, { home }) => fetch(home, { headers: { Expect: '100-continue' } }),
    'TE and Trailer': (fetch, { home }) => fetch(home, { headers: { TE: 'trailers', Trailer: 'x' } }),
    'Content-Length, right': (fetch, { home }) =>
      fetch(home, { method: 'POST', body: 'abc', headers: { 'Content-Length': '3' } }),
    'Content-Length, wrong': (fetch, { home }) =>
      fetch(home, { method: 'POST', body: 'abc', headers: { 'Content-Length': '5' } }),
    'Content-Length, no number': (fetch, { home }) =>
      fetch(home, { method: 'POST', body: 'abc', headers: { 'Content-Length': 'x' } }),
    'Content-Length in a GET': (fetch, { home }) => fetch(home, { headers: { 'Content-Length': '0' } }),
    Cookie: (fetch, { home }) =>
      fetch(home, {
        headers: [
          ['Cookie', 'a=b'],
          ['cookie', 'c=d'],
        ],
      }),
    Range: (fetch, { home }) => fetch(home, { headers: { Range: 'bytes=0-1' } }),
    'If-None-Match': (fetch, { home }) => fetch(home, { headers: { 'If-None-Match': '"x"' } }),
    'If-Match and If-Range': (fetch, { home }) =>
      fetch(home, { headers: { 'If-Match': '"x"', 'If-Range': '"x"' } }),
    'Cache-Control': (fetch, { home }) => fetch(home, { headers: { 'Cache-Control': 'no-cache' } }),
    'Pragma beside If-None-Match': (fetch, { home }) =>
      fetch(home, { headers: { Pragma: 'x', 'If-None-Match': '"x"' } }),
    'Origin and Referer': (fetch, { home }) =>
      fetch(home, { headers: { Origin: 'http://a.test', Referer: 'x' } }),
    'Set-Cookie': (fetch, { home }) =>
      fetch(home, {
        headers: [
          ['Set-Cookie', 'a=b'],
          ['Set-Cookie', 'c=d'],
        ],
      }),
    'two Hosts': (fetch, { home }) =>
      fetch(home, {
        headers: [
          ['Host', 'a.test'],
          ['host', 'b.test'],
        ],
      }),
    Authorization: (fetch, { home }) => fetch(home, { headers: { Authorization: 'Bearer x' } }),
    'a thousand': (fetch, { home }) =>
      fetch(home, { headers: Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-${n}`, `${n}`])) }),
  }));

const bodies: Record<string, () => unknown> = {
  text: () => 'grüezi',
  'empty text': () => '',
  'text with half a surrogate pair': () => 'a\ud800b',
  'text that begins with a byte order mark': () => '\ufeffa',
  'a number': () => 42,
  'a boolean': () => false,
  'an object': () => ({ a: 1 }),
  'a list': () => [1, 2],
  URLSearchParams: () => new URLSearchParams({ amount: '42', note: 'a b' }),
  'empty URLSearchParams': () => new URLSearchParams(),
  FormData: () => {
    const form = new FormData();
    form.append('amount', '42');
    form.append('a "name"\r\nof two lines', 'line\nline\rline\r\n');
    form.append('receipt', new Blob(['paid']), 'receipt.txt');
    form.append('photo', new File(['png'], 'grüezi "x".png', { type: 'image/png' }));
    return form;
  },
  'FormData without a file': () => {
    const form = new FormData();
    form.append('a', 'b');
    form.append('a', 'ü');
    return form;
  },
  'empty FormData': () => new FormData(),
  'a Blob with a type': () => new Blob(['blob'], { type: 'text/x-custom' }),
  'a Blob without a type': () => new Blob(['blob']),
  'an empty Blob': () => new Blob([]),
  'a large Blob': () => new Blob(['x'.repeat(300_000)]),
  'a File': () => new File(['file'], 'file.txt', { type: 'text/plain' }),
  'an ArrayBuffer': () => bytes('buffer').buffer,
  'an empty ArrayBuffer': () => new ArrayBuffer(0),
  'a SharedArrayBuffer': () => new SharedArrayBuffer(3),
  'a Uint8Array': () => bytes('bytes'),
  'a Uint8Array on part of a buffer': () => bytes('not this part').subarray(4, 8),
  'an empty Uint8Array': () => new Uint8Array(),
  'a Uint8Array of shared memory': () => new Uint8Array(new SharedArrayBuffer(3)),
  'a Uint8Array of a buffer that can grow': () =>
    new Uint8Array(
      new (ArrayBuffer as unknown as new (...args: unknown[]) => ArrayBuffer)(3, { maxByteLength: 9 }),
    ),
  'a Buffer': () => Buffer.from('buffer'),
  'a Uint16Array': () => new Uint16Array([1, 2, 3]),
  'an ArrayBuffer of another realm': () => runInNewContext('new Uint8Array([65, 66]).buffer'),
  'a Uint8Array of another realm': () => runInNewContext('new Uint8Array([65, 66])'),
  'a DataView': () => new DataView(bytes('a view').buffer, 2, 4),
  'a ReadableStream': () => new Blob(['stream']).stream(),
  'an empty ReadableStream': () => new Blob([]).stream(),
  'a ReadableStream of text': () =>
    new ReadableStream({
      start(controller) {
        controller.enqueue('text');
        controller.close();
      },
    }),
  'a ReadableStream that fails': () =>
    new ReadableStream({
      pull() {
        throw new Error('in the source');
      },
    }),
  'an async iterable': () =>
    (async function* () {
      yield bytes('iterable');
      yield bytes('!');
    })(),
  'an async iterable that fails': () =>
    (async function* () {
      yield bytes('iterable');
      throw new Error('in the source');
    })(),
  'an async iterable of text': () =>
    (async function* () {
      yield 'text';
    })(),
  null: () => null,
  'a function': () => () => 1,
  'a symbol': () => Symbol('x'),
  'a bigint': () => 1n,
};

const post = (body: unknown) => anyInit({ method: 'POST', body, duplex: 'half' });

describe('bodies:', () => {
  const rows = Object.entries(bodies);
  test.each(rows)('%s', (_, make) => parity.expectSame((fetch, { home }) => fetch(home, post(make()))));
  test.each(rows)('%s with a type', (_, make) =>
    parity.expectSame((fetch, { home }) =>
      fetch(home, { ...post(make()), headers: { 'content-type': 'own/type; x=y' } }),
    ));
  test.each(rows)('%s in a Request', (_, make) =>
    parity.expectAlike((fetch, { home }) => fetch(new Request(home, post(make())))));

  same({
    'a stream without duplex': (fetch, { home }) =>
      fetch(home, { method: 'POST', body: new ReadableStream() }),
    'a stream that is locked': (fetch, { home }) => {
      const body = new Blob(['x']).stream();
      body.getReader();
      return fetch(home, post(body));
    },
    'a stream that was read': async (fetch, { home }) => {
      const body = new Blob(['x']).stream();
      const reader = body.getReader();
      await reader.read();
      reader.releaseLock();
      return fetch(home, post(body));
    },
    'a stream, used afterwards': async (fetch, { home }) => {
      const body = new Blob(['x']).stream();
      const response = await fetch(home, post(body));
      return [response, body.locked];
    },
    'an array whose buffer was transferred': (fetch, { home }) => {
      const body = bytes('gone');
      structuredClone(body.buffer, { transfer: [body.buffer] });
      return fetch(home, post(body));
    },
    'an array that is changed afterwards': (fetch, { home }) => {
      const body = bytes('before');
      const call = fetch(home, post(body));
      body.fill(0);
      return call;
    },
    'a form that is changed afterwards': (fetch, { home }) => {
      const body = new URLSearchParams({ a: '1' });
      const call = fetch(home, post(body));
      body.set('a', '2');
      return call;
    },
    'the body of a response': async (fetch, { home }) => {
      const { body } = await fetch(home);
      return fetch(home, post(body));
    },
    'the body of a response with a content length': async (fetch, { home }) => {
      const { body } = await fetch(home);
      return fetch(home, { ...post(body), headers: { 'content-length': '11' } });
    },
  });
});

/** `Headers` do not tell in which spelling and order they were made; the body of a `Request` is sent by what it is. */
describe('where names go out in lower case, and a length is said for another reason:', () => {
  const programs: Record<string, Program> = {
    'a Request': (fetch, { home }) => fetch(new Request(`${home}/a`, { headers: { 'X-Custom': 'yes' } })),
    'a Request whose body is a stream that is there at once': (fetch, { home }) =>
      fetch(
        new Request(home, anyInit({ method: 'POST', body: new Blob(['stream']).stream(), duplex: 'half' })),
      ),
    Headers: (fetch, { home }) => fetch(home, { headers: new Headers({ 'X-Custom': 'yes', A: 'b' }) }),
    'If-Modified-Since': (fetch, { home }) =>
      fetch(home, { headers: new Headers({ 'If-Modified-Since': 'Sat, 01 Aug 2026 12:00:00 GMT' }) }),
  };
  test.each(Object.entries(programs))('%s', (_, program) => parity.expectAlike(program));
});

describe('what differs:', () => {
  test('members of headers that are symbols or do not show are passed over', async () => {
    const hidden = Object.defineProperty({ a: '1', [Symbol('x')]: '2' }, 'b', { value: '3' });
    const program: Program = async (fetch, { home }) => (await fetch(home, anyHeaders(hidden))).status;
    expect((await parity.theirs(program)).program).toMatchObject({ thrown: { isTypeError: true } });
    const { requests } = await parity.ours(program);
    expect(requests[0]?.headers).toContain('a');
    expect(requests[0]?.headers).not.toContain('b');
  });
});
