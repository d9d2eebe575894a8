/**
 * A contract, and a service that keeps to it as services do: it loses the first answer, drops the feed in the middle, and
 * has no such user.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createFetch } from 'holdfast';
import { createApi, defineContract, endpoint, eventStream, isStatusError } from 'holdfast/contract';
import { z } from 'zod';

const instant = z.codec(z.iso.datetime(), z.date(), {
  decode: text => new Date(text),
  encode: date => date.toISOString(),
});
const User = z.object({ id: z.int(), name: z.string(), joined: instant });
const Problem = z.object({ title: z.string() });

const users = defineContract({
  get: endpoint({
    method: 'GET',
    path: '/users/{id}',
    params: z.object({ id: z.int() }),
    responses: { 200: User, 404: Problem },
  }),
  add: endpoint({
    method: 'POST',
    path: '/users',
    body: User.omit({ id: true }),
    responses: { 201: User },
    idempotency: 'key',
  }),
  list: endpoint({
    method: 'GET',
    path: '/users',
    query: z.object({ after: z.int().optional() }),
    responses: { 200: z.object({ users: z.array(User), last: z.int().nullable() }) },
    paginate: { cursor: 'last', param: 'after', items: 'users' },
  }),
  feed: endpoint({
    method: 'GET',
    path: '/feed',
    responses: { 200: eventStream(z.object({ joined: z.string() })) },
  }),
});

/** The service: what it knows, and the requests that it has executed by key. */
const known = ['Ann', 'Ben', 'Cleo'].map((name, id) => ({ id, name, joined: '2026-01-01T00:00:00.000Z' }));
const executed = new Map<string, object>();

const send = (response: ServerResponse, status: number, value: unknown) =>
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname === '/feed') {
    const from = Number(request.headers['last-event-id'] ?? 0);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(`retry: 10\nid: ${from + 1}\ndata: {"joined":"${known[from]?.name}"}\n\n`);
    if (from < 2) setImmediate(() => request.socket.destroy());
    else response.end();
  } else if (request.method === 'POST') {
    const key = String(request.headers['idempotency-key']);
    const isRepeated = executed.has(key);
    if (!isRepeated) executed.set(key, { id: 3, ...JSON.parse(await text(request)) });
    // Executed, and the answer is lost.
    if (isRepeated) send(response, 201, executed.get(key));
    else request.socket.destroy();
  } else if (pathname === '/users') {
    const from = Number(searchParams.get('after') ?? 0);
    send(response, 200, { users: known.slice(from, from + 2), last: from === 0 ? 2 : null });
  } else {
    const user = known[Number(pathname.split('/').at(-1))];
    if (user) send(response, 200, user);
    else send(response, 404, { title: 'No such user' });
  }
});
await once(server.listen(0), 'listening');

const fetch = createFetch();
const api = createApi(users, {
  baseUrl: `http://localhost:${(server.address() as AddressInfo).port}`,
  fetch,
});

const dora = await api.add({ body: { name: 'Dora', joined: new Date('2026-11-28') } });
console.log('added:', dora.name, 'in', dora.joined.getFullYear(), '- executed:', executed.size);

for await (const { name } of api.list.items()) console.log('listed:', name);
for await (const { id, data } of await api.feed()) console.log('feed:', id, data.joined);

const result = await api.get.safe({ params: { id: 99 } });
if (!result.ok && result.status === 404) console.log('safe:', result.data.title);

await api.get({ params: { id: 99 } }).catch(error => {
  if (isStatusError(error, api.get, 404)) console.log('thrown:', error.status, error.data.title);
});

await fetch.close();
server.close();
