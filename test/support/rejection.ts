import { expect } from 'vitest';

type Class<Instance> = abstract new (...args: never[]) => Instance;

/** What the promise rejects with, which has to be an instance of the class. */
export async function rejection<Instance>(
  type: Class<Instance>,
  promise: Promise<unknown>,
): Promise<Instance> {
  const reason = await promise.then(
    () => expect.unreachable('the promise was fulfilled'),
    (error: unknown) => error,
  );
  expect(reason).toBeInstanceOf(type);
  return reason as Instance;
}
