/**
 * Which calls a function makes that looks for an answer. No function is asked for those: one that calls what has failed
 * would be asked again for each of its own calls, and where these are refused at once the round would never leave the
 * queue of microtasks.
 */
import { createStamp } from '../../http/stamp.ts';

/** As much of `AsyncLocalStorage` as is needed. */
interface Context {
  getStore(): boolean | undefined;
  run<Result>(isAnswering: boolean, work: () => Result): Result;
}

const { process } = globalThis as {
  process?: { getBuiltinModule?: (name: string) => { AsyncLocalStorage?: new () => Context } | undefined };
};

/** Opened by the first function that is asked: it costs nobody before. */
let context: Context | undefined;

/** Where the runtime has no such thing: until the function first waits for something. */
let isAtWork = false;

/** Of those that such a call was handed. */
const marks = createStamp<true>();

/** Whether a call that begins here and now, on this signal, is one that such a function makes. */
export const isOfAnswer = (signal: AbortSignal | undefined): boolean =>
  isAtWork || context?.getStore() === true || (signal !== undefined && marks.get(signal) === true);

/** Lets a function make its answer. */
export function answering<Result>(signal: AbortSignal, make: () => Result): Result {
  marks.set(signal, true);
  context ??= newContext();
  if (context) return context.run(true, make);
  isAtWork = true;
  try {
    return make();
  } finally {
    isAtWork = false;
  }
}

function newContext(): Context | undefined {
  const { AsyncLocalStorage } = process?.getBuiltinModule?.('node:async_hooks') ?? {};
  return AsyncLocalStorage && new AsyncLocalStorage();
}
