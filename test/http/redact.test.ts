import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { declareSecretParameter, isSensitiveHeader, redactUrl } from '../../src/http/redact.ts';

describe('a URL that is shown', () => {
  it.each([
    'pass.kelp=SECRET',
    'pass%2Ekelp=SECRET',
    'filter[pass.kelp]=SECRET',
    'filter%5Bpass.kelp%5D=SECRET',
  ])('has no secret of a name that the program has declared: %s', pair => {
    declareSecretParameter('pass.kelp');
    expect(redactUrl(`https://host/?${pair}&passXkelp=1`)).toMatch(/=REDACTED&passXkelp=1$/);
  });

  it.each([
    ['https://user:pass@host/path', 'https://REDACTED:REDACTED@host/path'],
    ['https://user@host/path', 'https://REDACTED:REDACTED@host/path'],
    ['https://:pass@host:8443/', 'https://REDACTED:REDACTED@host:8443/'],
    ['https://us%40er:p%3Aw@host/', 'https://REDACTED:REDACTED@host/'],
    ['https://user:p@ss@host/', 'https://REDACTED:REDACTED@host/'],
    ['https:user:pass@host/', 'https://REDACTED:REDACTED@host/'],
    ['https:\\\\user:pass@host\\', 'https://REDACTED:REDACTED@host/'],
    ['ht\ntps://user:pass@host/', 'https://REDACTED:REDACTED@host/'],
    ['postgres://user:pass@db/name', 'postgres://REDACTED:REDACTED@db/name'],
    ['https://user:pass@host/?sig=abc#end', 'https://REDACTED:REDACTED@host/?sig=REDACTED#end'],
  ])('has no credentials: %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
    expect(redactUrl(new URL(url))).toBe(shown);
  });

  it.each([
    'X-Amz-Signature',
    'X-Amz-Credential',
    'X-Amz-Security-Token',
    'AWSAccessKeyId',
    'Signature',
    'sig',
    'X-Goog-Signature',
    'X-Goog-Credential',
    'GoogleAccessId',
    'OSSAccessKeyId',
    'x-oss-security-token',
    'access_token',
    'refresh-token',
    'idToken',
    'private_token',
    'token',
    'api_key',
    'apikey',
    'apiKey',
    'X-API-Key',
    'key',
    'subscription-key',
    'client_secret',
    'secret',
    'password',
    'SIG',
  ])('has no value of %s', key => {
    expect(redactUrl(`https://host/p?${key}=s3cr3t`)).toBe(`https://host/p?${key}=REDACTED`);
    expect(redactUrl(`https://host/p?a=1&${key}=s3/cr?3t;x=%20&b=2#f`)).toBe(
      `https://host/p?a=1&${key}=REDACTED&b=2#f`,
    );
    expect(redactUrl(new URL(`https://host/p?a=1;${key}=s3cr3t`))).toBe(`https://host/p?a=1;${key}=REDACTED`);
    expect(redactUrl(`https://host/p?a=1#${key}=s3cr3t&b=2`)).toBe(`https://host/p?a=1#${key}=REDACTED&b=2`);
  });

  it('hides every value of a repeated key', () => {
    expect(redactUrl('https://host/?token=a&token=b')).toBe('https://host/?token=REDACTED&token=REDACTED');
  });

  it('keeps the fragment', () => {
    expect(redactUrl('https://host/?sig=abc#section-2')).toBe('https://host/?sig=REDACTED#section-2');
  });

  it.each([
    'https://host/',
    'https://host/@scope/package',
    'https://host/path?email=someone@example.org',
    'https://host#@',
    'HTTPS://Host/a/../@b',
    'https://host/path?page_token=abc&next=1',
    'https://host/path?code=404&state=open',
    'https://host/path?signed=1&keys=2&tokens=3&monkey=4',
    'https://host/path?sig&token',
    'https://host/path?sig=&b=1',
    'https://host/key=value/token=value',
    'data:text/plain,sold@home',
    'blob:https://host/5b1a@c',
  ])('is left alone when there is nothing to hide: %s', url => {
    expect(redactUrl(url)).toBe(url);
  });

  it.each([
    ['', ''],
    ['not a url', 'not a url'],
    ['/relative/@scope?sig=abc', '/relative/@scope?sig=REDACTED'],
    ['./a@b', './a@b'],
    ['?token=abc@def', '?token=REDACTED'],
    ['https://user:pa/ss@host/path', 'https://REDACTED:REDACTED@host/path'],
    ['https://user:p@/ss@host/path', 'https://REDACTED:REDACTED@host/path'],
    ['my_user:p@ss@host/path', 'REDACTED:REDACTED@host/path'],
    ['https://user:pa#ss@host/path', 'https://REDACTED:REDACTED@host/path'],
    ['https://user:pa?ss@host/path?sig=abc', 'https://REDACTED:REDACTED@host/path?sig=REDACTED'],
    ['https://user:pass@ho st/', 'https://REDACTED:REDACTED@ho st/'],
    ['//user:pass@host/path', '//REDACTED:REDACTED@host/path'],
    ['my_user:pass@host/path', 'REDACTED:REDACTED@host/path'],
    ['admin:pass@host/path', 'REDACTED:REDACTED@host/path'],
    ['admin:pass@host/?next=https://other/', 'REDACTED:REDACTED@host/?next=https://other/'],
    ['https://[::1/?token=abc', 'https://[::1/?token=REDACTED'],
  ])('is safe though it is no good URL: %j', (text, shown) => {
    expect(redactUrl(text)).toBe(shown);
  });

  it('never throws and does not change when shown twice', () => {
    const piece = fc.constantFrom(
      'https:',
      '//',
      '/',
      'a',
      '@',
      ':',
      '?',
      '&',
      '#',
      'sig=',
      'token=',
      ' ',
      '[',
      '\\',
      '%',
      'data:',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map(pieces => pieces.join('')),
        ),
        text => {
          const shown = redactUrl(text);
          expect(redactUrl(shown)).toBe(shown);
        },
      ),
      { numRuns: 1_000, examples: [['https://?@a'], ['https:&sig=\\&@'], [' https:/// //@a']] },
    );
  });

  it('does not contain the password, whatever characters it has', () => {
    const password = fc
      .string({ minLength: 1, maxLength: 12, unit: 'grapheme-ascii' })
      .map(text => `<${text}>`);
    fc.assert(
      fc.property(password, text => {
        const url = new URL('https://host/path?q=1');
        url.username = 'user';
        url.password = text;
        expect(redactUrl(url)).toBe('https://REDACTED:REDACTED@host/path?q=1');
        expect(redactUrl(url.href)).toBe('https://REDACTED:REDACTED@host/path?q=1');
      }),
    );
  });

  it('does not contain the value of a sensitive key, whatever characters it has', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), value => {
        const url = new URL('https://host/path');
        url.searchParams.set('api_key', value);
        url.searchParams.set('page', '2');
        expect(redactUrl(url)).toBe('https://host/path?api_key=REDACTED&page=2');
      }),
    );
  });

  it('is the URL as it was when no part of it is sensitive', () => {
    fc.assert(
      fc.property(fc.webUrl({ withFragments: true }), fc.nat(), (url, page) => {
        expect(redactUrl(`${url}${url.includes('#') ? '&' : '#'}page=${page}`)).toContain(url);
      }),
    );
  });
});

describe('a header', () => {
  it.each([
    'Authorization',
    'authorization',
    'Proxy-Authorization',
    'X-Forwarded-Authorization',
    'Cookie',
    'Set-Cookie',
    'X-Api-Key',
    'api-key',
    'apikey',
    'X-Goog-Api-Key',
    'Ocp-Apim-Subscription-Key',
    'X-Functions-Key',
    'Idempotency-Key',
    'X-Idempotency-Key',
    'X-Auth-Token',
    'X-Amz-Security-Token',
    'PRIVATE-TOKEN',
    'X-Vault-Token',
    'X-CSRF-Token',
    'X-Client-Secret',
    'X-Hub-Signature',
    'Authentication-Info',
  ])('with a secret is sensitive: %s', name => {
    expect(isSensitiveHeader(name)).toBe(true);
  });

  it.each([
    'Content-Type',
    'Accept',
    'Retry-After',
    'X-Request-Id',
    'Traceparent',
    'X-RateLimit-Remaining-Tokens',
    'Sec-WebSocket-Key',
    'Cookies-Accepted',
    'WWW-Authenticate',
    'Surrogate-Key',
    'Authority',
  ])('without one is not: %s', name => {
    expect(isSensitiveHeader(name)).toBe(false);
  });
});
