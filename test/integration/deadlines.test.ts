import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { createFetch, TimeoutError, withDeadline } from '../../src/index.ts';
import { Listening } from '../support/listening.ts';
import { rejection } from '../support/rejection.ts';

const timeoutHeader = 'x-envoy-expected-rq-timeout-ms';
const serve = (handler: RequestListener) => Listening.on(createServer(handler));
const urlOf = ({ port }: Listening) => `http://127.0.0.1:${port}/`;

test('A calls B and B calls C: the call to C ends by the deadline of A', async () => {
  const limitMs = 1_500;
  let atC: IncomingMessage | undefined;
  const gone = Promise.withResolvers<void>();
  const ofB = Promise.withResolvers<TimeoutError>();
  // It never answers.
  await using c = await serve((request, response) => {
    atC = request;
    response.once('close', gone.resolve);
  });
  const b = createFetch({ deadlineHeaders: {}, retry: false });
  await using atB = await serve((request, response) => {
    const handle = async () => {
      ofB.resolve(await rejection(TimeoutError, b(urlOf(c))));
      response.end();
    };
    void withDeadline(request.headers, handle);
  });
  const a = createFetch({ deadlineHeaders: {}, totalTimeoutMs: limitMs, retry: false });

  await rejection(TimeoutError, a(urlOf(atB)));
  const error = await ofB.promise;
  await gone.promise;
  expect(error.scope).toBe('outer');
  // B's own limit is thirty seconds.
  expect(error.limitMs).toBeLessThanOrEqual(limitMs + 50);
  const saidToC = Number(atC?.headers[timeoutHeader]);
  expect(saidToC).toBeGreaterThan(0);
  expect(saidToC).toBeLessThanOrEqual(limitMs);
  await Promise.all([a.close(), b.close()]);
});

test('the headers go along on a redirect', async () => {
  const seen: (string | undefined)[] = [];
  await using target = await serve((request, response) => {
    seen.push(request.headers[timeoutHeader] as string | undefined);
    response.end();
  });
  await using origin = await serve((_request, response) => {
    response.writeHead(302, { location: urlOf(target) }).end();
  });
  const fetch = createFetch({ deadlineHeaders: {} });
  await (await fetch(urlOf(origin))).text();
  expect(Number(seen[0])).toBeGreaterThan(0);
  await fetch.close();
});

test('a fetch-style handler adopts the deadline of its request', async () => {
  await using c = await serve(() => {});
  const b = createFetch({ retry: false });
  const handler = (request: Request): Promise<Response> =>
    withDeadline(request.headers, async () => {
      const error = await rejection(TimeoutError, b(urlOf(c)));
      return new Response(error.scope, { status: 504 });
    });
  const response = await handler(new Request('http://b.test/', { headers: { [timeoutHeader]: '30' } }));
  expect([response.status, await response.text()]).toEqual([504, 'outer']);
  await b.close();
});
