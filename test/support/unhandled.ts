import { settled } from '../../src/testing/virtual-clock.ts';

/** The rejections that nobody has handled when everything has settled that `act` set going. */
export async function unhandledRejections(act: () => unknown): Promise<unknown[]> {
  const heard: unknown[] = [];
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', reason => heard.push(reason));
  try {
    await act();
    // Node tells of a rejection in the turn after the one in which it stayed unhandled.
    await settled();
    await settled();
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const listener of others) process.on('unhandledRejection', listener);
  }
  return heard;
}
