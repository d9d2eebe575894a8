import { describe, expect, test } from 'vitest';
import { Unreadable } from '../../src/generator/document/position.ts';
import { readSource } from '../../src/generator/document/source-file.ts';

const read = (text: string) => readSource('it', '/it', text);

describe('the value of a text', () => {
  test.each([
    [
      'numbers and words of the core schema',
      'a: 1.0\nb: 0o17\nc: yes\nd: ~',
      { a: 1, b: 15, c: 'yes', d: null },
    ],
    ['dates, which are texts', 'a: 2024-01-01\nb: 12:30:45', { a: '2024-01-01', b: '12:30:45' }],
    ['names that are numbers', '200: a\n1.0: b\n4XX: c', { 200: 'a', 1: 'b', '4XX': 'c' }],
    ['a name twice, of which the last counts', 'a: 1\nb: 2\na: 3', { a: 3, b: 2 }],
    ['a name twice in JSON', '{ "a": 1, "a": 3 }', { a: 3 }],
    ['what an alias stands for', 'a: &x { b: 1 }\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    [
      'what is merged, and what is said beside it',
      'a: &x { b: 1, c: 2 }\nd: { <<: *x, c: 3 }\ne: { c: 3, <<: [*x, { f: 4 }] }\ng: { "<<": 1 }',
      { a: { b: 1, c: 2 }, d: { b: 1, c: 3 }, e: { c: 3, b: 1, f: 4 }, g: { '<<': 1 } },
    ],
    [
      'tags of others, which mean nothing',
      'a: !x 1\nb: !y [1]\nc: !z { d: 2 }',
      { a: '1', b: [1], c: { d: 2 } },
    ],
    ['YAML that begins like JSON', '{ a: 1, }', { a: 1 }],
    ['a mark of the byte order', '\ufeffa: 1', { a: 1 }],
    ['nothing', '', null],
  ])('is %s', (_, text, value) => {
    expect(read(text).value).toEqual(value);
  });

  test('has own members alone', () => {
    const merged = '<<: { __proto__: { a: 1 } }';
    for (const text of ['{ "__proto__": { "a": 1 } }', '__proto__: { a: 1 }', merged]) {
      const value = read(text).value as object;
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.hasOwn(value, '__proto__')).toBe(true);
    }
  });
});

describe('what is there twice', () => {
  test.each([
    ['of YAML', 'a: 1\nb: { c: [1, { d: 1, "d": 2 }] }\na: 3\n', [['b', 'c', 1, 'd'], ['a']]],
    [
      'of JSON',
      '{ "a": 1, "b": { "c": [[], { "d": "}", "\\u0064": "\\"," }] }, "a": 3 }',
      [['b', 'c', 1, 'd'], ['a']],
    ],
    ['but nothing that is merged', 'x: &x { a: 1 }\ny: { <<: *x, a: 2 }\nz: { a: 1, b: { a: 1 } }', []],
    ['but no equal texts', '{ "a": "a", "b": ["a", "a"], "c": { "a": 1 } }', []],
  ])('is told: %s', (_, text, paths) => {
    expect(read(text).repeated).toEqual(paths);
  });
});

describe('the place of a part', () => {
  const json = `{
  "a": { "b\\"": [1, { "c": "x" }], "d": true },
  "e": -1.5e3
}`;
  const yaml = `a:
  "b\\"": [1, { c: 'x' }]
  d: true
e: &x
  200: |
    text
f: *x
`;
  test.each([
    ['the whole', json, [], '1:1'],
    ['an object of JSON', json, ['a'], '2:8'],
    ['a list of JSON', json, ['a', 'b"'], '2:17'],
    ['an item of JSON', json, ['a', 'b"', 1], '2:21'],
    ['a text of JSON', json, ['a', 'b"', 1, 'c'], '2:28'],
    ['a word of JSON', json, ['a', 'd'], '2:41'],
    ['a number of JSON', json, ['e'], '3:8'],
    ['what is not there, the part around it', json, ['a', 'z', 'y'], '2:8'],
    ['what is in no object, the part around it', json, ['e', 'z'], '3:8'],
    ['an object of YAML', yaml, ['a'], '2:3'],
    ['a list of YAML', yaml, ['a', 'b"'], '2:10'],
    ['a text of YAML', yaml, ['a', 'b"', 1, 'c'], '2:19'],
    ['a word of YAML', yaml, ['a', 'd'], '3:6'],
    ['a member that is named by a number', yaml, ['e', '200'], '6:5'],
    ['an alias', yaml, ['f', '200'], '7:4'],
  ])('is that of %s', (_, text, path, place) => {
    const { line, column } = read(text).positionOf(path);
    expect(`${line}:${column}`).toBe(place);
  });
});

describe('what is refused', () => {
  const bomb = Array.from({ length: 30 }, (_, i) =>
    i === 0 ? 'a0: &a0 [1, 1]' : `a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`,
  ).join('\n');

  test.each([
    ['aliases of aliases', bomb, 'Its aliases come to more than 5000000 values.'],
    ['an alias within itself', 'a: &a\n  b: *a', 'An alias stands within what it stands for.'],
    ['an alias of nothing', 'a: *a', 'unidentified alias "a"'],
    ['two documents', '--- {}\n--- {}', 'There is more than one document.'],
    ['depth', '['.repeat(100_000), ''],
    ['a mistake', 'a: [1\nb: 2', ''],
  ])('is %s', (_, text, message) => {
    expect(() => read(text)).toThrow(Unreadable);
    expect(() => read(text)).toThrow(message);
  });

  test('has the place of the mistake', () => {
    expect(() => read('a: 1\nb: [1 2: }')).toThrow(
      expect.objectContaining({ position: { line: 2, column: 10 } }),
    );
  });
});
