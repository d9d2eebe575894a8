/** Which file of the repository becomes which page of the site. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path/posix';
import { fileURLToPath } from 'node:url';

/** With a slash at its end. */
export const root: string = fileURLToPath(new URL('../../', import.meta.url));

const isMarkdown = (path: string): boolean => path.endsWith('.md');
export const isImage = (path: string): boolean => /\.(?:svg|png|jpe?g|webp)$/.test(path);
const isFolder = (path: string): boolean =>
  statSync(`${root}${path}`, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** The pages that are there whether or not anything links to them. */
export function guidePages(): string[] {
  const inDocs = readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' })
    .map(name => `docs/${name.replaceAll('\\', '/')}`)
    .filter(isMarkdown);
  return ['README.md', ...inDocs.sort()];
}

/** A folder is shown by its README, if it has one. */
export function fileBehind(path: string): string {
  const plain = path.replace(/\/$/, '');
  if (!isFolder(plain)) return plain;
  const readme = join(plain, 'README.md');
  return existsSync(`${root}${readme}`) ? readme : plain;
}

/**
 * Where a file stands in the site: Markdown as a page, an image as it is, and anything else, a folder too, as a page
 * that shows it. The README is the first page, so the map of `docs/` needs another name.
 */
export function placeOf(file: string): string {
  if (file === 'README.md') return 'index.md';
  if (file === 'docs/index.md') return 'map.md';
  const inSite = file.replace(/^docs\//, '').replace(/(^|\/)README\.md$/, '$1index.md');
  if (isMarkdown(inSite) || isImage(inSite)) return inSite;
  return isFolder(file) ? join(inSite, 'index.md') : `${inSite}.md`;
}

/** From one place to another, as Markdown links it. */
export function linkBetween(from: string, to: string): string {
  const path = relative(dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}
