/** The site: one search over guide and reference, nothing from elsewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type DefaultTheme, defineConfig } from 'vitepress';
import { anchorOf } from '../anchor.ts';
import { groupsOf } from '../map.ts';
import { root } from '../places.ts';

const pages = fileURLToPath(new URL('../.pages/', import.meta.url));

/** What most readers do not come for is there, and folded. */
const folded = /^(?:Small programs|Why it is so)/;

function guide(): DefaultTheme.SidebarItem[] {
  const groups = groupsOf(readFileSync(`${root}docs/index.md`, 'utf8')).map(({ text, items }) => ({
    text,
    collapsed: folded.test(text),
    items: items.map(item => ({ text: item.text, link: urlOf(item.link) })),
  }));
  return [{ text: 'Holdfast', link: '/' }, ...groups, { text: 'Reference', link: '/reference/' }];
}

const urlOf = (place: string): string =>
  `/${place.replace(/(?:^|(?<=\/))index\.md$/, '').replace(/\.md$/, '.html')}`;

/** Of each entry point its exports by name, whatever their kind; of the others the name alone. */
function reference(): DefaultTheme.SidebarMulti {
  const files = readdirSync(`${pages}reference`, { recursive: true, encoding: 'utf8' }).filter(file =>
    file.endsWith('.md'),
  );
  const doors = files
    .filter(file => /.\/index\.md$/.test(file))
    .map(file => file.replace(/\/index\.md$/, ''))
    .sort();
  const deepestFirst = [...doors].sort((a, b) => b.length - a.length);
  const doorOf = (file: string) => deepestFirst.find(door => file.startsWith(`${door}/`));
  const itemsOf = (door: string) =>
    files
      .filter(file => !file.endsWith('/index.md') && doorOf(file) === door)
      .map(file => ({
        text: file.replace(/^.*\/|\.md$/g, ''),
        link: `/reference/${file.replace(/\.md$/, '.html')}`,
      }))
      .sort((a, b) => a.text.localeCompare(b.text, 'en', { sensitivity: 'base' }));
  const sidebarAt = (open?: string) => [
    { text: 'The guide', link: '/map.html' },
    ...doors.map(door => ({
      text: door,
      link: `/reference/${door}/`,
      ...(door === open ? { items: itemsOf(door) } : {}),
    })),
  ];
  return {
    ...Object.fromEntries(doors.map(door => [`/reference/${door}/`, sidebarAt(door)])),
    '/reference/': sidebarAt(),
  };
}

export default defineConfig({
  lang: 'en',
  title: 'Holdfast',
  description:
    'Outgoing HTTP that survives failing networks and failing services without making the failure worse.',
  srcDir: '.pages',
  outDir: '../../site',
  // It works wherever it is put, and needs no rules of a server's.
  base: '/',
  cleanUrls: false,
  // What all pages share stands in one file, not in each of them.
  metaChunk: true,
  vite: {
    // Pictures stay files; the search index and the framework are as large as they are.
    build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 4_000 },
  },
  head: [['link', { rel: 'icon', href: '/mark.svg', type: 'image/svg+xml' }]],
  themeConfig: {
    logo: '/mark.svg',
    nav: [
      { text: 'Getting started', link: '/getting-started.html' },
      { text: 'The map', link: '/map.html' },
      { text: 'At 3 a.m.', link: '/operations.html' },
      { text: 'Reference', link: '/reference/' },
    ],
    sidebar: { ...reference(), '/': guide() },
    outline: { level: [2, 3] },
    search: {
      provider: 'local',
      options: {
        detailedView: true,
        miniSearch: {
          searchOptions: {
            // Who looks for "retry" wants the guide's page first, then its types.
            boostDocument: (id: string) => (id.startsWith('/reference/') ? 0.4 : 1),
          },
        },
      },
    },
  },
  markdown: {
    // As code hosts make them, so that one link fits both.
    anchor: { slugify: anchorOf },
    config(md) {
      const fence = md.renderer.rules.fence;
      md.renderer.rules.fence = (tokens, index, ...rest) => {
        const html = fence?.(tokens, index, ...rest) ?? '';
        return tokens[index]?.info === 'text output' ? `<div class="output">${html}</div>` : html;
      };
    },
  },
});
