import { createHook } from 'node:async_hooks';

/**
 * Counts the timers that are set, unreferenced ones too, which `process.getActiveResourcesInfo()` leaves out.
 * Slow: it hears of every promise as well.
 */
export function countTimers(): { live(): number; stop(): void } {
  const live = new Set<number>();
  const hook = createHook({
    init(asyncId, type) {
      if (type === 'Timeout') live.add(asyncId);
    },
    destroy(asyncId) {
      live.delete(asyncId);
    },
  }).enable();
  return { live: () => live.size, stop: () => hook.disable() };
}
