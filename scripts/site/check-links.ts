/** Reads the finished site: every link and anchor leads somewhere, and nothing is loaded from elsewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';

/** Attributes by which a browser asks for something without being told to. */
const loads =
  /<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\ssrc="([^"]+)"|<link\b[^>]*?\shref="([^"]+)"/g;
const links = /<a\b[^>]*?\shref="([^"]+)"/g;
const anchors = /\s(?:id|name)="([^"]+)"/g;

/** One line for each link or request that will not do. */
export function problemsOf(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name =>
    name.replaceAll('\\', '/'),
  );
  const pages = new Map(
    files
      .filter(name => name.endsWith('.html'))
      .map(name => [name, readFileSync(join(folder, name), 'utf8')]),
  );
  const anchorsOf = new Map([...pages].map(([name, html]) => [name, new Set(namesIn(html, anchors))]));
  const problems = new Set<string>();

  for (const [page, html] of pages) {
    for (const target of namesIn(html, loads)) {
      if (isElsewhere(target)) problems.add(`${page} loads ${target}`);
      else if (!target.startsWith('data:') && !existsSync(join(folder, fileOf(page, target))))
        problems.add(`${page} loads ${target}, which is not there`);
    }
    for (const link of namesIn(html, links)) {
      if (isElsewhere(link)) continue;
      const file = fileOf(page, link);
      const anchor = decodeURIComponent(link.split('#')[1] ?? '');
      if (!existsSync(join(folder, file))) problems.add(`${page} links ${link}, which is not there`);
      else if (anchor && !anchorsOf.get(file)?.has(anchor))
        problems.add(`${page} links ${link}, which has no such place`);
    }
  }
  for (const name of files.filter(name => name.endsWith('.css'))) {
    const css = readFileSync(join(folder, name), 'utf8');
    for (const [, target = ''] of css.matchAll(/(?:url\(|@import\s+)["']?(https?:[^"')]+)/g))
      problems.add(`${name} loads ${target}`);
  }
  return [...problems].sort();
}

const isElsewhere = (target: string): boolean => /^(?:https?:|mailto:|\/\/)/.test(target);

function namesIn(html: string, pattern: RegExp): string[] {
  return [...html.matchAll(pattern)].map(match => (match[1] ?? match[2] ?? '').replaceAll('&amp;', '&'));
}

/** Of a link within the site, the file that a server would give for it. */
function fileOf(page: string, link: string): string {
  const path = decodeURIComponent(link.replace(/[?#].*$/, ''));
  if (path === '') return page;
  const file = path.startsWith('/') ? path.slice(1) : join(dirname(page), path);
  return file === '' || file === '.' || file.endsWith('/') ? join(file, 'index.html') : file;
}
