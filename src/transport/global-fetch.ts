/**
 * Sends by the global `fetch`, whatever it is by then: mocks and polyfills take effect. But where a fetch of ours has become
 * the global one and something was put over that (an instrumentation, a mock that lets calls pass), the global `fetch` ends
 * in ours again, and the call would go round in a circle.
 */
import type { FetchLike } from '../http/fetch-like.ts';
import { createStamp } from '../http/stamp.ts';

/** What stood in the global's place when a fetch of ours was made, by that fetch. */
const replaced = createStamp<FetchLike>();

/** Lets a fetch of ours become the global one without calling itself for ever. */
export function rememberGlobalFetch(ours: FetchLike): void {
  replaced.set(ours, globalFetch());
}

/** The global `fetch` as it is now, or what it was if it is one of ours. */
export function globalFetch(): FetchLike {
  const { fetch } = globalThis;
  return replaced.get(fetch) ?? fetch;
}

/** A call on its way through what the global `fetch` has become, and those that it is part of. */
interface Passing {
  readonly sender: FetchLike;
  readonly url: string;
  readonly outer: Passing | undefined;
  isOver: boolean;
}

/** As much of `AsyncLocalStorage` as is needed. */
interface Context {
  getStore(): Passing | undefined;
  run<Result>(passing: Passing, work: () => Result): Result;
}

const { process } = globalThis as {
  process?: { getBuiltinModule?: (name: string) => { AsyncLocalStorage?: new () => Context } | undefined };
};

/** Opened when the global `fetch` is first seen to have changed: it costs nobody before. */
let context: Context | undefined;

/** Where the runtime has no such thing: until what was put over the global `fetch` first waits for something. */
let present: Passing | undefined;

/** For one fetch of ours, made now. */
export function viaGlobalFetch(): FetchLike {
  const original = globalFetch();
  /** What has been seen to end in ours. */
  const circles = new WeakSet<FetchLike>();
  return function send(input, init) {
    const fetch = globalFetch();
    if (fetch === original) return fetch(input, init);
    if (circles.has(fetch)) return original(input, init);
    const url = String((input as Partial<Request> | null)?.url ?? input);
    const outer = context?.getStore() ?? present;
    if (isPassing(send, url, outer)) {
      circles.add(fetch);
      return original(input, init);
    }
    return pass({ sender: send, url, outer, isOver: false }, () => fetch(input, init));
  };
}

function isPassing(sender: FetchLike, url: string, innermost: Passing | undefined): boolean {
  for (let each = innermost; each; each = each.outer)
    if (each.sender === sender && each.url === url && !each.isOver) return true;
  return false;
}

/** What outlives the call, such as a socket, keeps its context: so it is told when the call is over. */
function pass(passing: Passing, work: () => Promise<Response>): Promise<Response> {
  const end = () => {
    passing.isOver = true;
  };
  const sending = within(passing, work);
  // A mock may return what is no promise.
  Promise.resolve(sending).then(end, end);
  return sending;
}

function within<Result>(passing: Passing, work: () => Result): Result {
  context ??= newContext();
  if (context) return context.run(passing, work);
  const before = present;
  present = passing;
  try {
    return work();
  } finally {
    present = before;
  }
}

function newContext(): Context | undefined {
  const { AsyncLocalStorage } = process?.getBuiltinModule?.('node:async_hooks') ?? {};
  return AsyncLocalStorage && new AsyncLocalStorage();
}
