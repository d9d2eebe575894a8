import { STATUS_CODES } from 'node:http';
import { expect, test } from 'vitest';
import { classPhrase, reasonPhrase } from '../../src/http/reason-phrase.ts';

/** Where Node keeps what a status was called before RFC 9110, or a status that RFC 9110 has done without. */
const elsewise: Record<string, string> = {
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  418: 'Client Error',
  509: 'Server Error',
};

test.each(Object.entries({ ...STATUS_CODES, ...elsewise }))('%s is called %s', (status, phrase) => {
  expect(reasonPhrase(Number(status))).toBe(phrase);
});

test('a status that nobody has registered is called as its class is', () => {
  expect([199, 299, 399, 499, 599].map(reasonPhrase)).toEqual([
    'Informational',
    'Successful',
    'Redirection',
    'Client Error',
    'Server Error',
  ]);
  expect(classPhrase(5)).toBe('Server Error');
});
