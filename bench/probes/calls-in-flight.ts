import { liveHeapBytes } from '../measure.ts';
import type { Finding, Probe } from '../probe.ts';

const url = 'http://kelp.internal/';
const limit = 4_096;

type Transport = typeof globalThis.fetch;

type Send = (url: string) => Promise<Response>;

/** What a call holds of ours while it is under way, beyond what the transport alone would. */
export const callsInFlight: Probe = {
  name: 'calls-in-flight',
  async run({ createFetch }, scale) {
    const calls = 10_000 * scale;
    const { signal } = new AbortController();
    const waiting = (wrap: Wrap) => ownBytes(bytesBeforeHeaders, wrap, calls);
    const reading = (wrap: Wrap) => ownBytes(bytesBeforeBody, wrap, calls);
    const resilient: Wrap = fetch => createFetch({ fetch });
    const withSignal: Wrap = fetch => {
      const wrapped = createFetch({ fetch });
      return url => wrapped(url, { signal });
    };
    const what = (state: string) => `per call of ${calls.toLocaleString('en')} that wait for ${state}`;
    return [
      finding(what('headers'), await waiting(resilient)),
      finding(what('headers, with one caller signal'), await waiting(withSignal)),
      finding(what('the body'), await reading(resilient)),
    ];
  },
};

const finding = (what: string, measured: number): Finding => ({
  what: `memory ${what}`,
  measured,
  limit,
  unit: 'bytes',
});

type Wrap = (transport: Transport) => Send;

/** Measured twice, for code and caches; the second counts. */
async function ownBytes(
  measureBytes: (wrap: Wrap, calls: number) => Promise<number>,
  wrap: Wrap,
  calls: number,
): Promise<number> {
  const bare: Wrap = transport => url => transport(url);
  await measureBytes(wrap, calls);
  await measureBytes(bare, calls);
  return (await measureBytes(wrap, calls)) - (await measureBytes(bare, calls));
}

async function bytesBeforeHeaders(wrap: Wrap, calls: number): Promise<number> {
  const answers: ((response: Response) => void)[] = [];
  const send = wrap(() => new Promise(resolve => answers.push(resolve)));
  return bytesPerCall(
    calls,
    () => send(url),
    async pending => {
      if (answers.length !== calls)
        throw new Error(`${answers.length} calls reached the transport of ${calls}.`);
      for (const answer of answers) answer(new Response('{}'));
      for (const call of pending) await (await call).json();
    },
  );
}

async function bytesBeforeBody(wrap: Wrap, calls: number): Promise<number> {
  const bodies: ReadableStreamDefaultController<Uint8Array>[] = [];
  const send = wrap(async () => {
    const body = new ReadableStream<Uint8Array>({ start: controller => void bodies.push(controller) });
    return new Response(body);
  });
  return bytesPerCall(
    calls,
    async () => (await send(url)).json(),
    async pending => {
      for (const body of bodies) {
        body.enqueue(Buffer.from('{}'));
        body.close();
      }
      await Promise.all(pending);
    },
  );
}

async function bytesPerCall<Result>(
  calls: number,
  start: () => Promise<Result>,
  finish: (pending: readonly Promise<Result>[]) => Promise<void>,
): Promise<number> {
  // Its elements are there before the count begins.
  const pending = new Array<Promise<Result>>(calls);
  const before = await liveHeapBytes();
  for (let call = 0; call < calls; call++) pending[call] = start();
  const bytes = ((await liveHeapBytes()) - before) / calls;
  await finish(pending);
  return bytes;
}
