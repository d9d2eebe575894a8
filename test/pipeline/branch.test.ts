import { getEventListeners } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { Branch } from '../../src/pipeline/branch.ts';

describe('a branch', () => {
  test('is aborted with the signal above it, with its reason', () => {
    const parent = new AbortController();
    const branch = new Branch(parent.signal, () => {});
    parent.abort('enough');
    expect(branch.signal.reason).toBe('enough');
  });

  test('can be aborted on its own', () => {
    const parent = new AbortController();
    const branch = new Branch(parent.signal, () => {});
    branch.abort('late');
    expect(branch.signal.reason).toBe('late');
    expect(parent.signal.aborted).toBe(false);
  });

  test('needs no signal above it', () => {
    const branch = new Branch(undefined, () => {});
    branch.abort('late');
    expect(branch.signal.reason).toBe('late');
  });

  test('tells of the first abort alone, after everyone on its signal has heard', () => {
    const heard: unknown[] = [];
    const parent = new AbortController();
    const branch = new Branch(parent.signal, reason => heard.push(`branch ${reason}`));
    branch.signal.addEventListener('abort', () => heard.push('listener'));
    branch.abort('first');
    branch.abort('second');
    parent.abort('third');
    expect(heard).toEqual(['listener', 'branch first']);
    expect(branch.signal.reason).toBe('first');
  });

  test('keeps one listener above it, until it is aborted or released', () => {
    const parent = new AbortController();
    const listeners = () => getEventListeners(parent.signal, 'abort').length;
    const branches = [new Branch(parent.signal, () => {}), new Branch(parent.signal, () => {})];
    expect(listeners()).toBe(2);
    branches[0]?.abort('late');
    expect(listeners()).toBe(1);
    branches[1]?.release();
    branches[1]?.release();
    expect(listeners()).toBe(0);
  });

  test('no longer follows once it is released', () => {
    const onAbort = vi.fn();
    const parent = new AbortController();
    const branch = new Branch(parent.signal, onAbort);
    branch.release();
    parent.abort();
    expect(branch.signal.aborted).toBe(false);
    expect(onAbort).not.toHaveBeenCalled();
  });
});
