export type Settling<Value> =
  | { readonly state: 'pending' }
  | { readonly state: 'fulfilled'; readonly value: Value }
  | { readonly state: 'rejected'; readonly reason: unknown };

/** More turns than any chain of promises of ours has links. */
const manyTurns = 100;

/** What a promise has come to after some turns of the microtask queue: no timer, no task, no news from outside. */
export async function withinMicrotasks<Value>(
  promise: Promise<Value>,
  turns = manyTurns,
): Promise<Settling<Value>> {
  let settling: Settling<Value> = { state: 'pending' };
  promise.then(
    value => {
      settling = { state: 'fulfilled', value };
    },
    reason => {
      settling = { state: 'rejected', reason };
    },
  );
  await microtasks(turns);
  return settling;
}

export async function microtasks(turns = manyTurns): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await null;
}
