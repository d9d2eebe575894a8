/** Redirects are followed over undici as by the runtime's own `fetch`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, ok, Parity, type Program } from '../../support/parity.ts';

let parity: Parity;
beforeAll(async () => {
  parity = await Parity.start();
});
afterAll(() => parity[Symbol.asyncDispose]());

/** `/301?to=/x` leads to `/x`; `/301/20` twenty times on, by way of `/301/19`. */
const redirecting: Answer = (request, response) => {
  const url = new URL(request.url as string, 'http://localhost');
  const [, status, times] = /^\/(\d{3})(?:\/(\d+))?$/.exec(url.pathname) ?? [];
  const to = times
    ? times === '0'
      ? '/end'
      : `/${status}/${Number(times) - 1}`
    : url.searchParams.get('to');
  if (status === undefined) return ok(request, response);
  // Latin 1, as it stands there.
  const fields = to === null ? [] : [['Location', to] as const];
  response.writeHead(Number(status), [['X-Hop', 'yes'], ...fields].flat());
  response.end('elsewhere');
};

const to = (location: string) => `?to=${encodeURIComponent(location)}`;
const secrets = {
  Authorization: 'Bearer x',
  Cookie: 'a=b',
  'Proxy-Authorization': 'Basic x',
  'X-Custom': 'kept',
};
const anyInit = (init: unknown): RequestInit => init as RequestInit;
const bytes = (text: string) => new TextEncoder().encode(text);
const form = () => {
  const made = new FormData();
  made.append('a', 'b');
  made.append('file', new Blob(['paid']), 'receipt.txt');
  return made;
};

const inits: Record<string, () => RequestInit> = {
  GET: () => ({}),
  HEAD: () => ({ method: 'HEAD' }),
  DELETE: () => ({ method: 'DELETE' }),
  QUERY: () => ({ method: 'QUERY', body: 'again?' }),
  POST: () => ({ method: 'POST', body: 'again?', headers: { 'Content-Language': 'en', 'X-Custom': 'kept' } }),
  'POST without a body': () => ({ method: 'POST' }),
  'POST of a Blob': () => ({ method: 'POST', body: new Blob(['again?'], { type: 'text/x-custom' }) }),
  'POST of bytes': () => ({ method: 'POST', body: bytes('again?') }),
  'POST of a form': () => ({ method: 'POST', body: form() }),
  'PUT of URLSearchParams': () => ({ method: 'PUT', body: new URLSearchParams({ a: 'b' }) }),
  'POST of a stream': () => anyInit({ method: 'POST', body: new Blob(['once']).stream(), duplex: 'half' }),
  'PUT of a stream': () => anyInit({ method: 'PUT', body: new Blob(['once']).stream(), duplex: 'half' }),
  'POST of an async iterable': () =>
    anyInit({
      method: 'POST',
      duplex: 'half',
      body: (async function* () {
        yield bytes('once');
      })(),
    }),
  'GET with secrets': () => ({ headers: secrets }),
};

const redirectStatuses = [301, 302, 303, 307, 308];
const modes = ['follow', 'manual', 'error'] as const;
const rows = Object.keys(inits).flatMap(name =>
  redirectStatuses.flatMap(status => modes.map(redirect => [status, name, redirect] as const)),
);

describe('at home:', () => {
  test.each(rows)('%d of a %s, mode %s', (status, name, redirect) =>
    parity.expectAlike(
      (fetch, { home }) => fetch(`${home}/${status}${to('/end')}`, { ...inits[name]?.(), redirect }),
      redirecting,
    ));
});

describe('abroad:', () => {
  const names = Object.keys(inits).flatMap(name => redirectStatuses.map(status => [status, name] as const));
  test.each(names)('%d of a %s', (status, name) =>
    parity.expectAlike(
      (fetch, { home, abroad }) => fetch(`${home}/${status}${to(`${abroad}/end`)}`, inits[name]?.()),
      redirecting,
    ));
});

describe('of a Request:', () => {
  const bodies: Record<string, () => RequestInit> = {
    'without a body': () => ({}),
    'POST of text': () => ({ method: 'POST', body: 'again?' }),
    'PUT of text': () => ({ method: 'PUT', body: 'again?' }),
    'PUT of a form': () => ({ method: 'PUT', body: form() }),
    'PUT of a Blob': () => ({ method: 'PUT', body: new Blob(['again?']) }),
    'PUT of a Blob of several parts': () => ({ method: 'PUT', body: new Blob(['ag', bytes('ai'), 'n?']) }),
    'PUT of a large Blob': () => ({ method: 'PUT', body: new Blob(['again?'.repeat(50_000)]) }),
  };
  const cases = Object.keys(bodies).flatMap(name =>
    redirectStatuses.flatMap(status => modes.map(redirect => [status, name, redirect] as const)),
  );
  test.each(cases)('%d %s, mode %s', (status, name, redirect) =>
    parity.expectAlike(
      (fetch, { home }) =>
        fetch(new Request(`${home}/${status}${to('/end')}`, { ...bodies[name]!(), redirect })),
      redirecting,
    ));
});

describe('statuses that lead nowhere:', () => {
  test.each([300, 304, 305, 306, 309, 399, 200, 201])('%d with a location', status =>
    parity.expectAlike((fetch, { home }) => fetch(`${home}/${status}${to('/end')}`), redirecting));
  test.each(
    redirectStatuses.flatMap(status => modes.map(redirect => [status, redirect] as const)),
  )('%d without a location, mode %s', (status, redirect) =>
    parity.expectAlike((fetch, { home }) => fetch(`${home}/${status}`, { redirect }), redirecting));
});

const locations: Record<string, string> = {
  'an empty one': '',
  'a relative one': 'next',
  'one with a query alone': '?b',
  'one with a fragment alone': '#b',
  'one without a scheme': '//127.0.0.1:1/',
  'one of another scheme': 'gopher://home.test/',
  'one of a mail address': 'mailto:a@b.test',
  'data:': 'data:text/plain,hello',
  'blob:': 'blob:nodedata:00000000-0000-4000-8000-000000000000',
  'about:': 'about:blank',
  'file:': 'file:///etc/hostname',
  'javascript:': 'javascript:1',
  'a bad port': 'http://127.0.0.1:25/',
  'one with spaces': '/a b',
  'one in Latin 1': '/gr\u00fcezi',
  'one in UTF-8': '/gr\u00c3\u00bcezi',
  'one with a percent sign': '/%zz%41',
  'one with dots': '/a/../b',
};

describe('locations:', () => {
  test.each(Object.entries(locations))('%s', (_, location) =>
    parity.expectAlike((fetch, { home }) => fetch(`${home}/302${to(location)}#part`), redirecting));

  const more: Record<string, Program> = {
    'with credentials at home': (fetch, { home }) =>
      fetch(`${home}/302${to(`${home.replace('//', '//user:secret@')}/end`)}`),
    'with credentials abroad': (fetch, { home, abroad }) =>
      fetch(`${home}/302${to(`${abroad.replace('//', '//user:secret@')}/end`)}`),
    'with a fragment': (fetch, { home }) => fetch(`${home}/302${to('/end#other')}#part`),
    'inheriting the fragment': (fetch, { home }) => fetch(`${home}/302${to('/end')}#part`),
    'from plain to TLS': (fetch, { home, secure }) =>
      fetch(`${home}/307${to(`${secure}/end`)}`, { headers: secrets }),
    'from TLS to plain': (fetch, { home, secure }) =>
      fetch(`${secure}/307${to(`${home}/end`)}`, { headers: secrets }),
    'abroad and back': (fetch, { home, abroad }) =>
      fetch(`${home}/307${to(`${abroad}/307${to(`${home}/end`)}`)}`, { headers: secrets }),
    'with Host given': (fetch, { home, abroad }) =>
      fetch(`${home}/307${to(`${abroad}/end`)}`, { headers: { Host: 'other.test' } }),
    'with keepalive and credentials': (fetch, { home, abroad }) =>
      fetch(`${home}/307${to(`${abroad}/end`)}`, { credentials: 'omit', keepalive: true, headers: secrets }),
    'with the right integrity': (fetch, { home }) =>
      fetch(`${home}/302${to('/end')}`, { integrity: 'sha256-+x7I9EgcX95nSxN7tRWTUUafMKtPOiNeB1y8tQ0hWdk=' }),
    'with a range': (fetch, { home }) =>
      fetch(`${home}/302${to('/end')}`, { headers: { Range: 'bytes=0-1' } }),
    'with a condition': (fetch, { home }) =>
      fetch(`${home}/302${to('/end')}`, { headers: { 'If-None-Match': '"x"' } }),
    'of a clone': async (fetch, { home }) => {
      const response = await fetch(`${home}/302${to('/end')}`);
      const clone = response.clone();
      return [response, clone, clone.url, clone.redirected, clone.type];
    },
  };
  test.each(Object.entries(more))('%s', (_, program) => parity.expectAlike(program, redirecting));
});

describe('many:', () => {
  test.each([1, 2, 18, 19, 20])('%d and one more', times =>
    parity.expectAlike((fetch, { home }) => fetch(`${home}/302/${times}`), redirecting));
  test.each(redirectStatuses)('a %d to itself', status =>
    parity.expectAlike((fetch, { home }) => fetch(`${home}/${status}/1000`), redirecting));
  test('a POST that turns into a GET', () =>
    parity.expectAlike(
      (fetch, { home }) =>
        fetch(`${home}/307${to(`/302${to(`/308${to('/end')}`)}`)}`, { method: 'POST', body: 'x' }),
      redirecting,
    ));
});

test('two locations are one that may not be right', () =>
  parity.expectAlike(
    (fetch, { home }) => fetch(`${home}/302`),
    (request, response) => {
      if (request.url === '/302') response.writeHead(302, ['Location', '/A', 'Location', '/B']).end();
      else ok(request, response);
    },
  ));

test.each([
  'http://',
  'http://localhost:99999/?secret',
])('a location that is no URL is not shown: %s', async location => {
  const program: Program = (fetch, { home }) => fetch(`${home}/302${to(location)}`);
  const theirs = await parity.theirs(program, redirecting);
  const ours = await parity.ours(program, redirecting);
  expect(ours.requests).toEqual(theirs.requests);
  expect(theirs.program).toMatchObject({
    thrown: { message: 'fetch failed', cause: { code: 'ERR_INVALID_URL' } },
  });
  expect(ours.program).toMatchObject({
    thrown: { isTypeError: true, message: 'fetch failed', cause: { message: 'the location is no URL' } },
  });
});
