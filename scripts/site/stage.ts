/**
 * Lays out the pages for VitePress: the Markdown of the repository with its links turned to where things stand in the
 * site, and a page for each source file that is linked.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path/posix';
import { fileBehind, guidePages, isImage, linkBetween, placeOf, root } from './places.ts';

/** What is not there, with the page that says it is. */
export class BrokenLinks extends Error {}

export function stage(folder: string): void {
  const waiting = guidePages();
  const known = new Set(waiting);
  const broken: string[] = [];

  /** The place of what a link leads to, which gets a page as well. */
  const follow = (page: string, target: string): string | undefined => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    if (!existsSync(`${root}${file}`)) {
      broken.push(`${page}: ${target}`);
      return undefined;
    }
    const behind = fileBehind(file);
    if (!known.has(behind)) {
      known.add(behind);
      waiting.push(behind);
    }
    return `${linkBetween(placeOf(page), placeOf(behind))}${anchor === undefined ? '' : `#${anchor}`}`;
  };

  for (let page = waiting.shift(); page !== undefined; page = waiting.shift()) {
    const target = join(folder, placeOf(page));
    mkdirSync(dirname(target), { recursive: true });
    if (isImage(page)) cpSync(`${root}${page}`, target);
    else writeFileSync(target, pageOf(page, follow));
  }
  if (broken.length > 0) throw new BrokenLinks(`These links lead nowhere:\n${broken.join('\n')}`);
}

type Follow = (page: string, target: string) => string | undefined;

function pageOf(file: string, follow: Follow): string {
  if (file.endsWith('.md')) return withLinks(readFileSync(`${root}${file}`, 'utf8'), file, follow);
  if (!extname(file) && file !== 'LICENSE') return listingOf(file, follow);
  const language = extname(file).slice(1) || 'text';
  return `# ${file}\n\n\`\`\`\`${language}\n${readFileSync(`${root}${file}`, 'utf8').trimEnd()}\n\`\`\`\`\n`;
}

/** A folder without a README: its programs, and the folders that say what they are or begin somewhere. */
function listingOf(folder: string, follow: Follow): string {
  const entries = readdirSync(`${root}${folder}`, { withFileTypes: true }).flatMap(entry => {
    if (!entry.isDirectory()) return /\.(?:ts|md)$/.test(entry.name) ? [[entry.name, entry.name]] : [];
    const way = ['README.md', 'main.ts'].find(name => existsSync(`${root}${folder}/${entry.name}/${name}`));
    return way ? [[`${entry.name}/`, `${entry.name}/${way}`]] : [];
  });
  const items = entries.map(
    ([name = '', target = '']) => `- [${name}](${follow(`${folder}/README.md`, target)})`,
  );
  return `# ${folder}/\n\n${items.join('\n')}\n`;
}

/** Outside of fences and of code within a line. */
export function withLinks(markdown: string, page: string, follow: Follow): string {
  return markdown
    .split(/(^```[\s\S]*?^```$)/m)
    .map((part, index) => (index % 2 === 1 ? part : proseWithLinks(part, page, follow)))
    .join('');
}

function proseWithLinks(prose: string, page: string, follow: Follow): string {
  return prose
    .replace(/\]\(([^)\s]+)\)/g, (link, target: string) =>
      isElsewhere(target) ? link : `](${follow(page, target) ?? target})`,
    )
    .replace(/(<img[^>]* src=")([^"]+)"/g, (_tag, before: string, target: string) =>
      isElsewhere(target) ? `${before}${target}"` : `${before}${follow(page, target) ?? target}"`,
    );
}

const isElsewhere = (target: string): boolean => /^[a-z]+:/.test(target);
