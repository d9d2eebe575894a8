import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { anchorOf } from '../../scripts/site/anchor.ts';
import { problemsOf } from '../../scripts/site/check-links.ts';
import { groupsOf } from '../../scripts/site/map.ts';
import { guidePages, linkBetween, placeOf } from '../../scripts/site/places.ts';
import { withLinks } from '../../scripts/site/stage.ts';

describe('the sidebar', () => {
  test('has a group for each heading of the map, and an entry for each item', () => {
    const map =
      '# The map\n\n**Begin**\n\n- [One](one.md): the first.\n\n## Then\n\n- [`Two`](migrating/two.md)\n- [ky](https://ky.test)\n';
    expect(groupsOf(map)).toEqual([
      { text: 'Begin', items: [{ text: 'One', link: 'one.md' }] },
      { text: 'Then', items: [{ text: 'Two', link: 'migrating/two.md' }] },
    ]);
  });

  test('has every page of docs/', () => {
    const map = readFileSync(new URL('../../docs/index.md', import.meta.url), 'utf8');
    const links = groupsOf(map).flatMap(({ items }) => items.map(({ link }) => link));
    const others = guidePages()
      .map(placeOf)
      .filter(place => place !== 'index.md' && place !== 'map.md');
    expect(others.filter(place => !links.includes(place))).toEqual([]);
  });
});

describe('a page of the site', () => {
  test.each([
    ['README.md', 'index.md'],
    ['docs/index.md', 'map.md'],
    ['docs/retry.md', 'retry.md'],
    ['docs/decisions/layers.md', 'decisions/layers.md'],
    ['bench/README.md', 'bench/index.md'],
    ['examples/drop-in.ts', 'examples/drop-in.ts.md'],
    ['docs/pictures/timeline.svg', 'pictures/timeline.svg'],
  ])('%s stands at %s', (file, place) => {
    expect(placeOf(file)).toBe(place);
  });

  test('links what stands beside it', () => {
    expect(linkBetween('decisions/layers.md', 'retry.md')).toBe('../retry.md');
    expect(linkBetween('index.md', 'retry.md')).toBe('./retry.md');
  });

  test('keeps code as it is, and links to elsewhere', () => {
    const page = '[a](b.md) [c](https://d.test)\n\n```md\n[a](b.md)\n```\n';
    expect(withLinks(page, 'README.md', (_page, target) => `./moved/${target}`)).toBe(
      '[a](./moved/b.md) [c](https://d.test)\n\n```md\n[a](b.md)\n```\n',
    );
  });

  test('has the anchors that GitHub gives its headings', () => {
    expect(anchorOf('OAuth 2.0: client credentials')).toBe('oauth-20-client-credentials');
    expect(anchorOf('`--watch`')).toBe('--watch');
  });
});

describe('the finished site', () => {
  const folder = mkdtempSync(join(tmpdir(), 'site-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };

  test('has no link, anchor or request that will not do', () => {
    write(
      'index.html',
      '<h1 id="top">x</h1><a href="/b/">b</a><a href="#top">t</a><a href="https://a.test/">a</a>',
    );
    write('b/index.html', '<a href="../index.html#top">a</a><img alt="" src="/c.svg">');
    write('c.svg', '<svg/>');
    expect(problemsOf(folder)).toEqual([]);

    write(
      'index.html',
      '<h1 id="top">x</h1><a href="/d.html">d</a><a href="b/#nowhere">b</a><script src="https://cdn.test/a.js"></script>',
    );
    write('style.css', '@import "https://fonts.test/a.css";');
    expect(problemsOf(folder)).toEqual([
      'index.html links /d.html, which is not there',
      'index.html links b/#nowhere, which has no such place',
      'index.html loads https://cdn.test/a.js',
      'style.css loads https://fonts.test/a.css',
    ]);
  });
});
