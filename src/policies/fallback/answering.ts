/**
 * Which calls a function makes that looks for an answer. It is not asked for those: one that calls what has failed would be
 * asked again for each of its own calls, and where these are refused at once the round would never leave the queue of
 * microtasks.
 */
import { createStamp } from '../../http/stamp.ts';
import type { FallbackFailure, FallbackOptions } from './options.ts';

type Answer = NonNullable<FallbackOptions['answer']>;

/** A function that looks for an answer, and those within whose calls it was asked. */
export interface AtWork {
  readonly answer: Answer;
  readonly outer: AtWork | undefined;
}

/** As much of `AsyncLocalStorage` as is needed. */
interface Context {
  getStore(): AtWork | undefined;
  run<Result>(atWork: AtWork, work: () => Result): Result;
}

const { process } = globalThis as {
  process?: { getBuiltinModule?: (name: string) => { AsyncLocalStorage?: new () => Context } | undefined };
};

/** Opened by the first function that is asked: it costs nobody before. */
let context: Context | undefined;

/** Where the runtime has no such thing: until the function first waits for something. */
let present: AtWork | undefined;

/** On the signal that a function was handed, for those who pass it on. */
const marks = createStamp<AtWork>();

/** Within whose answer a call is made that begins here and now, on this signal. */
export const atWorkOn = (signal: AbortSignal | undefined): AtWork | undefined =>
  context?.getStore() ?? present ?? (signal && marks.get(signal));

/** Whether a function is at work already: the call is one that it makes, or one of its calls does. */
export function isAtWork(answer: Answer, within: AtWork | undefined): boolean {
  for (let each = within; each; each = each.outer) if (each.answer === answer) return true;
  return false;
}

/**
 * Lets a function make its answer.
 *
 * @param within - whose answer the call that has failed was made within.
 */
export function ask(answer: Answer, failure: FallbackFailure, within: AtWork | undefined): unknown {
  const atWork: AtWork = { answer, outer: within };
  marks.set(failure.signal, atWork);
  context ??= newContext();
  if (context) return context.run(atWork, () => answer(failure));
  const before = present;
  present = atWork;
  try {
    return answer(failure);
  } finally {
    present = before;
  }
}

function newContext(): Context | undefined {
  const { AsyncLocalStorage } = process?.getBuiltinModule?.('node:async_hooks') ?? {};
  return AsyncLocalStorage && new AsyncLocalStorage();
}
