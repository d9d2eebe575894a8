/** The symbol by which a request leaves undici's queue is found by looking, and nothing else is taken for it. */
import * as undici from 'undici';
import { expect, test } from 'vitest';
import { dispatchClass } from '../../../src/transport/undici/queue-hook.ts';

/** The hooks that a request has, where undici hands these options to a dispatcher. */
function hooksOver(options: object | undefined): symbol[] {
  class Told extends undici.Dispatcher {
    override request(): never {
      if (options) this.dispatch(options as undici.Dispatcher.DispatchOptions, {});
      return Promise.reject(new Error('goes nowhere')) as never;
    }
  }
  const Dispatch = dispatchClass({ ...undici, Dispatcher: Told } as typeof undici);
  return Object.getOwnPropertySymbols(Dispatch.prototype);
}

const hook = Symbol('hook');

test('undici has it', () => {
  expect(Object.getOwnPropertySymbols(dispatchClass(undici).prototype)).toHaveLength(1);
});

test('it is the one that is a function', () => {
  expect(hooksOver({ [Symbol('kind')]: 1, [hook]: () => {} })).toEqual([hook]);
});

test.each<[string, object | undefined]>([
  ['nothing goes out', undefined],
  ['there is no symbol', { path: '/' }],
  ['it is no function', { [hook]: true }],
  ['there are two', { [hook]: () => {}, [Symbol('other')]: () => {} }],
])('there is none where %s', (_, options) => {
  expect(hooksOver(options)).toEqual([]);
});
