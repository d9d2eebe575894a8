import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSafe, normalizeMethod } from '../../src/http/method.ts';

describe('a method', () => {
  it('is GET by default', () => {
    expect(normalizeMethod()).toBe('GET');
    expect(normalizeMethod(undefined)).toBe('GET');
  });

  it.each(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])('%s is the same in any case', name => {
    const anyCase = fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length });
    fc.assert(
      fc.property(anyCase, lower => {
        const spelling = [...name]
          .map((letter, index) => (lower[index] ? letter.toLowerCase() : letter))
          .join('');
        expect(normalizeMethod(spelling)).toBe(name);
      }),
    );
  });

  it.each([
    'patch',
    'Patch',
    'PATCH',
    'query',
    'trace',
    'TRACE',
    'Custom',
    'get ',
    'po\u017ft',
    'opt\u0131ons',
    '',
  ])('%j stays as it is', name => {
    expect(normalizeMethod(name)).toBe(name);
  });

  it('is normalized as Request does it', () => {
    const names = fc.oneof(
      fc.mixedCase(fc.constantFrom('get', 'head', 'post', 'put', 'delete', 'options', 'patch', 'query')),
      fc.string({ minLength: 1, unit: fc.constantFrom(...'abcdefGPTUS-_!#') }),
    );
    fc.assert(
      fc.property(names, name => {
        expect(normalizeMethod(name)).toBe(new Request('http://host/', { method: name }).method);
      }),
    );
  });
});

describe('a safe method', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY'])('%s changes nothing', name => {
    expect(isSafe(name)).toBe(true);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'CONNECT', 'query', 'Custom', ''])('%j may', name => {
    expect(isSafe(name)).toBe(false);
  });
});
