/** Bodies that weigh something, sent and read by raw `fetch`, by undici's `request`, and by holdfast over undici. */
import { type Candidate, type Get, HOLDFAST_UNDICI, overUndici, RAW, UNDICI_REQUEST } from './candidates.ts';
import { paths, streamed } from './server.ts';

export interface Transfer {
  readonly name: string;
  /** Of one turn: long enough to be measured, short enough that the others soon have theirs. */
  readonly requestsPerTurn: number;
  readonly concurrency: number;
}

export const transfers: readonly Transfer[] = [
  { name: 'POST of 10 KiB of JSON', requestsPerTurn: 500, concurrency: 16 },
  { name: 'download of 1 MiB, read as a whole', requestsPerTurn: 60, concurrency: 4 },
  { name: '1,000 chunks of 64 KiB, read one by one', requestsPerTurn: 2, concurrency: 1 },
];

export const senders: readonly string[] = [RAW, UNDICI_REQUEST, HOLDFAST_UNDICI];

export const transferTask = (transfer: string, sender: string): string => `${transfer}, by ${sender}`;

export const transferTasks: readonly Candidate[] = transfers.flatMap(({ name }) =>
  senders.map(sender => ({
    name: transferTask(name, sender),
    role: 'reference' as const,
    protects: '',
    open: async (url: string, holdfast) => openTransfer(name, url, await sendWith(sender, holdfast)),
  })),
);

interface Init {
  readonly method: 'POST';
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What the three answer with, as far as it is read here. */
interface Body {
  json(): Promise<unknown>;
  arrayBuffer(): Promise<ArrayBuffer>;
  readonly chunks: AsyncIterable<Uint8Array>;
}

type Send = (url: string, init?: Init) => Promise<Body>;

async function sendWith(sender: string, holdfast: Parameters<Candidate['open']>[1]): Promise<Send> {
  if (sender === UNDICI_REQUEST) {
    const { request } = await import('undici');
    return async (url, init) => {
      const { body } = await request(url, init);
      return {
        json: () => body.json(),
        arrayBuffer: () => body.arrayBuffer(),
        chunks: body as AsyncIterable<Uint8Array>,
      };
    };
  }
  const send = sender === RAW ? fetch : (await holdfast()).createFetch({ transport: await overUndici() });
  return async (url, init) => {
    const response = await send(url, init);
    return {
      json: () => response.json(),
      arrayBuffer: () => response.arrayBuffer(),
      get chunks() {
        return response.body as AsyncIterable<Uint8Array>;
      },
    };
  };
}

function openTransfer(transfer: string, url: string, send: Send): Get {
  const [post, download] = transfers.map(({ name }) => name);
  if (transfer === post) {
    const document = {
      kelp: Array.from({ length: 128 }, (_, id) => ({
        id,
        kind: 'kelp',
        depthMetres: 12.5,
        attached: true,
        note: 'holdfast',
      })),
    };
    const body = JSON.stringify(document)
      .padEnd(10 * 1_024)
      .slice(0, 10 * 1_024);
    const init: Init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    return async () => (await send(url, init)).json();
  }
  if (transfer === download) {
    const from = new URL(paths.mebibyte, url).href;
    return async () => (await send(from)).arrayBuffer();
  }
  const from = new URL(paths.stream, url).href;
  return async () => {
    let bytes = 0;
    for await (const chunk of (await send(from)).chunks) bytes += chunk.byteLength;
    if (bytes !== streamed.chunks * streamed.chunkBytes) throw new Error(`${bytes} bytes were streamed.`);
  };
}
