/**
 * Which calls a function makes that looks for an answer. It is not asked for those: one that calls what has failed would be
 * asked again for each of its own calls, and where these are refused at once the round would never leave the queue of
 * microtasks.
 */
import { createStamp } from '../../http/stamp.ts';
import type { FallbackFailure, FallbackOptions } from './options.ts';

type Answer = NonNullable<FallbackOptions['answer']>;

/** A function that looks for an answer, and those within whose calls it was asked. */
interface AtWork {
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

const atWorkOn = (signal: AbortSignal | undefined): AtWork | undefined =>
  context?.getStore() ?? present ?? (signal && marks.get(signal));

/** Whether a call that begins here and now, on this signal, is one that this function makes, or one of its calls does. */
export function isOfAnswer(answer: Answer, signal: AbortSignal | undefined): boolean {
  for (let each = atWorkOn(signal); each; each = each.outer) if (each.answer === answer) return true;
  return false;
}

/**
 * Lets a function make its answer.
 *
 * @param signal - of the call that has failed.
 */
export function ask(answer: Answer, failure: FallbackFailure, signal: AbortSignal | undefined): unknown {
  const atWork: AtWork = { answer, outer: atWorkOn(signal) };
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
