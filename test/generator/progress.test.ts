import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Progress } from '../../src/cli/progress.ts';
import type { Clock } from '../../src/pipeline/clock.ts';

/** A terminal, and a clock that is moved by hand. */
function started(isTTY: boolean) {
  const terminal = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY, columns: 20 });
  let now = 0;
  let timer: { readonly at: number; readonly callback: () => void } | undefined;
  const clock: Clock = {
    now: () => now,
    date: () => now,
    setTimer: (callback, delayMs) => {
      timer = { at: now + delayMs, callback };
      return timer;
    },
    clearTimer: () => {
      timer = undefined;
    },
    unrefTimer: () => {},
  };
  const progress = new Progress(terminal, clock);
  const elapse = (ms: number) => {
    now += ms;
    if (timer && timer.at <= now) timer.callback();
  };
  return {
    progress,
    elapse,
    shown: () => String(terminal.read() ?? ''),
    hasTimer: () => timer !== undefined,
  };
}

describe('progress', () => {
  test('is not shown for what takes less than a second', () => {
    const { progress, elapse, shown, hasTimer } = started(true);
    progress.say('Reading');
    elapse(999);
    progress.end();
    expect(shown()).toBe('');
    expect(hasTimer()).toBe(false);
  });

  test('is one line, written over and taken back', () => {
    const { progress, elapse, shown } = started(true);
    progress.say('Reading');
    elapse(1000);
    expect(shown()).toBe('Reading …');
    progress.say('Writing all the operations there are');
    expect(shown()).toBe('\u001b[1G\u001b[2KWriting all the ope');
    progress.end();
    expect(shown()).toBe('\u001b[1G\u001b[2K');
    progress.end();
    expect(shown()).toBe('');
    expect(progress.seconds).toBe(1);
  });

  test('is shown to nobody but a terminal', () => {
    const { progress, elapse, shown } = started(false);
    progress.say('Reading');
    elapse(5000);
    progress.end();
    expect(shown()).toBe('');
  });
});
