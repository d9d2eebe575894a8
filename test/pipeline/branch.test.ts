import { getEventListeners } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { Branch as AbstractBranch } from '../../src/pipeline/branch.ts';

class Branch extends AbstractBranch {
  readonly #tell: (reason: unknown) => void;

  constructor(parent?: AbortSignal, tell: (reason: unknown) => void = () => {}) {
    super(parent, true);
    this.#tell = tell;
  }

  protected override onAbort(reason: unknown): void {
    this.#tell(reason);
  }
}

class Leaf extends AbstractBranch {
  constructor() {
    super(undefined, false);
  }

  protected override onAbort(): void {}
}

describe('a branch', () => {
  test('is aborted with the signal above it, with its reason', () => {
    const parent = new AbortController();
    const branch = new Branch(parent.signal);
    parent.abort('enough');
    expect(branch.signal.reason).toBe('enough');
  });

  test('can be aborted on its own', () => {
    const parent = new AbortController();
    const branch = new Branch(parent.signal);
    branch.abort('late');
    expect(branch.signal.reason).toBe('late');
    expect(parent.signal.aborted).toBe(false);
  });

  test('needs no signal above it', () => {
    const branch = new Branch();
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

  test('shares one listener above it, until the last is aborted or released', () => {
    const parent = new AbortController();
    const listeners = () => getEventListeners(parent.signal, 'abort').length;
    const branches = [new Branch(parent.signal), new Branch(parent.signal)];
    expect(listeners()).toBe(1);
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

test('branches on one signal are aborted in the order in which they were made', () => {
  const parent = new AbortController();
  const heard: number[] = [];
  for (const index of [1, 2, 3]) new Branch(parent.signal, () => heard.push(index));
  parent.abort();
  expect(heard).toEqual([1, 2, 3]);
});

test('a branch on a signal that cannot be extended has a listener to itself', () => {
  const parent = new AbortController();
  Object.preventExtensions(parent.signal);
  const branches = [new Branch(parent.signal), new Branch(parent.signal)];
  expect(getEventListeners(parent.signal, 'abort')).toHaveLength(2);
  parent.abort('enough');
  expect(branches.map(({ signal }) => signal.reason)).toEqual(['enough', 'enough']);
  expect(getEventListeners(parent.signal, 'abort')).toEqual([]);
});

describe('a branch that hangs from another', () => {
  test('is aborted with it, after those who listen to it and before what it tells', () => {
    const heard: string[] = [];
    const parent = new Branch(undefined, () => heard.push('parent'));
    const child = new Branch(parent.signal, reason => heard.push(`child ${reason}`));
    parent.signal.addEventListener('abort', () => heard.push('listener'));
    parent.abort('enough');
    expect(heard).toEqual(['listener', 'child enough', 'parent']);
    expect(child.signal.reason).toBe('enough');
  });

  test('puts no listener on its signal', () => {
    const parent = new Branch();
    const child = new Branch(parent.signal);
    expect(getEventListeners(parent.signal, 'abort')).toEqual([]);
    child.release();
  });

  test.each([0, 1, 2])('is one of several, and can be let go by itself (number %i of three)', released => {
    const parent = new Branch();
    const children = [new Branch(parent.signal), new Branch(parent.signal), new Branch(parent.signal)];
    children[released]?.release();
    children[released]?.release();
    parent.abort('enough');
    expect(children.map(({ signal }) => signal.aborted)).toEqual([0, 1, 2].map(index => index !== released));
  });

  test('listens like anybody else to one that was to have no branches', () => {
    const parent = new Leaf();
    const child = new Branch(parent.signal);
    parent.abort('enough');
    expect(child.signal.reason).toBe('enough');
  });

  test('may abort the other from a listener of its own', () => {
    const parent = new Branch();
    const child = new Branch(parent.signal);
    child.signal.addEventListener('abort', () => parent.abort('both'));
    child.abort('one');
    expect([child.signal.reason, parent.signal.reason]).toEqual(['one', 'both']);
  });
});
