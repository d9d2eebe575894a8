import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { wait, waitFor } from '../../src/pipeline/wait.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { withinMicrotasks } from '../support/settling.ts';

describe('a wait', () => {
  test('ends when its time is over, not before', async () => {
    const clock = virtualClock();
    const waiting = wait(clock, 100, undefined);
    await clock.advance(99);
    expect(await withinMicrotasks(waiting)).toEqual({ state: 'pending' });
    await clock.advance(1);
    expect((await withinMicrotasks(waiting)).state).toBe('fulfilled');
  });

  test('ends at once with the reason of its signal', async () => {
    const clock = virtualClock();
    const controller = new AbortController();
    const waiting = wait(clock, 100, controller.signal);
    controller.abort('enough');
    expect(await withinMicrotasks(waiting, 3)).toEqual({ state: 'rejected', reason: 'enough' });
    expect(clock.pending).toBe(0);
  });

  test('does not begin if its signal has aborted before', async () => {
    const clock = virtualClock();
    const waiting = wait(clock, 100, AbortSignal.abort('enough'));
    expect(clock.pending).toBe(0);
    await expect(waiting).rejects.toBe('enough');
  });

  test('leaves no listener behind, however it ends', async () => {
    const clock = virtualClock();
    const controller = new AbortController();
    const waits = [wait(clock, 100, controller.signal), wait(clock, 200, controller.signal)];
    await clock.advance(100);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort('enough');
    await Promise.allSettled(waits);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

describe('a wait for something', () => {
  const patience = (signal?: AbortSignal) => {
    const clock = virtualClock();
    return { clock, signal, limitMs: 100, tooLate: (limitMs: number) => `nothing in ${limitMs}` };
  };

  test('comes to what that comes to, and leaves no timer and no listener behind', async () => {
    const { signal } = new AbortController();
    const patient = patience(signal);
    expect(await waitFor(Promise.resolve('here'), patient)).toBe('here');
    await expect(waitFor(Promise.reject('gone'), patient)).rejects.toBe('gone');
    expect(patient.clock.pending).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('ends when its time is over, not before', async () => {
    const patient = patience();
    const waiting = waitFor(new Promise(() => {}), patient);
    await patient.clock.advance(99);
    expect(await withinMicrotasks(waiting)).toEqual({ state: 'pending' });
    await patient.clock.advance(1);
    expect(await withinMicrotasks(waiting)).toEqual({ state: 'rejected', reason: 'nothing in 100' });
  });

  test.each(['before it begins', 'while it lasts'])('ends at once when its signal aborts %s', async when => {
    const controller = new AbortController();
    if (when === 'before it begins') controller.abort('enough');
    const patient = patience(controller.signal);
    const waiting = waitFor(new Promise(() => {}), patient);
    controller.abort('enough');
    expect(await withinMicrotasks(waiting)).toEqual({ state: 'rejected', reason: 'enough' });
    expect(patient.clock.pending).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });
});
