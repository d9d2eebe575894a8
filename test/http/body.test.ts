import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isReplayable } from '../../src/http/body.ts';

describe('a body that can be sent again', () => {
  it.each<[string, unknown]>([
    ['none', undefined],
    ['null', null],
    ['an empty string', ''],
    ['a string', '{"a":1}'],
    ['URLSearchParams', new URLSearchParams('a=1')],
    ['FormData', new FormData()],
    ['a Blob', new Blob(['a'])],
    ['a File', new File(['a'], 'a.txt')],
    ['an ArrayBuffer', new ArrayBuffer(8)],
    ['a Uint8Array', new Uint8Array(8)],
    ['a Buffer', Buffer.from('a')],
    ['a DataView', new DataView(new ArrayBuffer(8))],
    ['a BigInt64Array', new BigInt64Array(1)],
    ['an ArrayBuffer of another realm', runInNewContext('new ArrayBuffer(8)')],
    ['a view of another realm', runInNewContext('new Float32Array(8)')],
    [
      'the FormData of a polyfill',
      new (class FormData {
        readonly [Symbol.toStringTag] = 'FormData';
      })(),
    ],
  ])('is %s', (_, body) => {
    expect(isReplayable(body)).toBe(true);
  });
});

describe('a body that is gone once sent', () => {
  async function* chunks() {
    yield 'a';
  }

  it.each<[string, unknown]>([
    ['a ReadableStream', new ReadableStream()],
    ['the stream of a Blob', new Blob(['a']).stream()],
    ['a Node stream', Readable.from(['a'])],
    ['an async generator', chunks()],
    ['an async iterable', { [Symbol.asyncIterator]: chunks }],
    ['a generator', [1][Symbol.iterator]()],
    ['an array', [1, 2]],
    ['the form of the npm package form-data', { [Symbol.toStringTag]: 'FormData', pipe() {} }],
    ['a stream that calls itself a Blob', { [Symbol.toStringTag]: 'Blob', [Symbol.asyncIterator]: chunks }],
    ['an object', { a: 1 }],
    ['an object without a prototype', Object.create(null)],
    ['a Response', new Response('a')],
    ['a function', () => 'a'],
    ['a number', 5],
    ['a boolean', true],
    ['a symbol', Symbol('a')],
  ])('is, for all we know, %s', (_, body) => {
    expect(isReplayable(body)).toBe(false);
  });

  it('is not touched by the question', async () => {
    const stream = new Response('content').body;
    isReplayable(stream);
    expect(stream?.locked).toBe(false);
    expect(await new Response(stream).text()).toBe('content');
  });
});
