/** What the fetch that is installed sends with: undici where that changes nothing for the program but the cost. */
import { isMainThread } from 'node:worker_threads';
import type { FetchOptions } from '../fetch-options.ts';
import type { FetchLike } from '../http/fetch-like.ts';
import { fetchTransport } from '../transport/fetch-transport.ts';
import type { Transport } from '../transport/transport.ts';
import type { UndiciOptions } from '../transport/undici/options.ts';
import { type UndiciTransport, undiciBeside } from '../transport/undici/undici-transport.ts';
import { globalDispatcher, isDispatcherChosen } from './global-dispatcher.ts';
import { isRuntimeFetch } from './runtime-fetch.ts';

type Sender = Pick<FetchOptions, 'fetch' | 'transport'>;

/** A program may read as much as it could before. */
const asFetchReads: UndiciOptions = { maxResponseBytes: 0 };

let hasWarned = false;

/**
 * @param stood - the `fetch` to stand on, which goes on being what sends where it is not the runtime's own.
 * @param options - false for `stood` in any case; options for undici in any case.
 */
export function senderOver(stood: FetchLike, options: UndiciOptions | false | undefined): Sender {
  if (options) return { transport: undiciBeside(stood, { ...asFetchReads, ...options }) };
  if (options === false || !isRuntimeFetch(stood) || isDispatcherChosen()) return { fetch: stood };
  const undici = undiciIfThere(stood);
  return undici ? { transport: untilDispatcherIsSet(undici, stood) } : { fetch: stood };
}

function undiciIfThere(stood: FetchLike): UndiciTransport | undefined {
  try {
    return undiciBeside(stood, asFetchReads);
  } catch (error) {
    warnOnce((error as Error).message);
    return undefined;
  }
}

/** A program that sets a dispatcher, such as a proxy or a mock, means every request: those go by the runtime's `fetch`. */
function untilDispatcherIsSet(undici: UndiciTransport, stood: FetchLike): Transport {
  // Loaded by now, undici has put its own there.
  const untouched = globalDispatcher();
  const sendByFetch = fetchTransport(stood);
  return {
    fetch: stood,
    send: call => (globalDispatcher() === untouched ? undici.send(call) : sendByFetch(call)),
    attach: () => undici.attach?.() ?? (async () => {}),
  };
}

/** Threads of a program would only repeat it. */
function warnOnce(reason: string): void {
  if (hasWarned || !isMainThread) return;
  hasWarned = true;
  process.emitWarning(`The runtime's own fetch sends, at three times the cost. ${reason}`, {
    type: 'HoldfastWarning',
    code: 'HOLDFAST_UNDICI',
  });
}
