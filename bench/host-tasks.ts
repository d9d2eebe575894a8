/** The small document from one host after the other: names of our own that all resolve to the one server. */
import type { LookupFunction } from 'node:net';
import { type Candidate, HOLDFAST_UNDICI, overUndici, UNDICI_REQUEST } from './candidates.ts';

export const hostCounts: readonly number[] = [1, 100, 1_000, 10_000];

export const hostSenders: readonly string[] = [HOLDFAST_UNDICI, UNDICI_REQUEST];

export const hostTask = (sender: string, hosts: number): string =>
  `${sender}, ${hosts.toLocaleString('en')} hosts`;

const loopback: LookupFunction = (_name, options, done) =>
  options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);

export const hostTasks: readonly Candidate[] = hostSenders.flatMap(sender =>
  hostCounts.map(hosts => ({
    name: hostTask(sender, hosts),
    role: 'reference' as const,
    protects: '',
    async open(url: string, holdfast) {
      const { port, pathname } = new URL(url);
      const urls = Array.from({ length: hosts }, (_, host) => `http://kelp-${host}.test:${port}${pathname}`);
      const { Agent, request } = await import('undici');
      // Kept alive longer than a turn of the others takes, as the server does: no request is to pay for a connection.
      const dispatcher = new Agent({ connect: { lookup: loopback }, keepAliveTimeout: 600_000 });
      let next = 0;
      const nextUrl = () => urls[next++ % hosts] as string;
      if (sender === UNDICI_REQUEST) {
        return async () => (await request(nextUrl(), { dispatcher })).body.json();
      }
      const { createFetch } = await holdfast();
      const resilientFetch = createFetch({
        transport: await overUndici({ dispatcher: dispatcher as never }),
      });
      return async () => (await resilientFetch(nextUrl())).json();
    },
  })),
);
