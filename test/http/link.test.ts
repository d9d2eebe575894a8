import { describe, expect, test } from 'vitest';
import { readLinks } from '../../src/http/link.ts';

const nextIn = (field: string) =>
  readLinks(field)
    ?.filter(({ relations }) => relations.includes('next'))
    .map(({ target }) => target);

describe('a Link header', () => {
  test.each([
    ['</2>; rel="next"', 'quoted'],
    ['</2>;rel=next', 'bare'],
    ['</2>; REL = "NEXT"', 'in any case, with blanks around the sign'],
    ['</2>; rel="prev  next\tlast"', 'one of several relations'],
    ['</1>; rel=prev, </2>; rel=next', 'one of several links'],
    ['</1>; rel=prev,, ,</2>; rel=next,', 'beside elements that are empty'],
    ['</2>; foo; rel=next; ', 'behind a parameter without a value'],
    ['</a.css>; rel=preload; as=style; nopush, </2>; rel="next"', 'behind a link that ends with such a one'],
    ['</a,b;c>; rel=prev; title="a, </3>; rel=next \\" b", </2>; rel=next', 'whatever is between quotes'],
    ["</2>; title*=UTF-8''%zz; rel=next", 'beside a title that is malformed'],
    ['</2>; title=a title; rel=next', 'beside a text that should be quoted'],
  ])('%s leads on (%s)', field => {
    expect(nextIn(field)).toEqual(['/2']);
  });

  test('has the relations that it names first', () => {
    expect(nextIn('</2>; rel=prev; rel=next')).toEqual([]);
  });

  test('keeps the anchor of a link, which is about something else', () => {
    expect(readLinks('</2>; rel=next; anchor="/other"')).toEqual([
      { target: '/2', relations: ['next'], anchor: '/other' },
    ]);
  });

  test.each([
    'next: /2',
    '</2',
    '</2> rel=next',
    '</2>; rel="next" and more',
    '</2>; title="a; rel=next',
    '</1>; rel=prev </2>; rel=next',
  ])('is none where it reads %s', field => {
    expect(readLinks(field)).toBeUndefined();
  });

  test('takes time by its length alone', () => {
    for (const part of [' ', ';', ',', '; ', '<>', '; a="', '; a=\\', '\\"'])
      readLinks(`</2>; rel=next${part.repeat(100_000)}x`);
  });
});
