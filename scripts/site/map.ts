/** The sidebar, as `docs/index.md` orders the pages: a group for each heading, an entry for each item of its list. */
import { join } from 'node:path/posix';
import { fileBehind, placeOf } from './places.ts';

export interface Entry {
  readonly text: string;
  /** The place of its page. */
  readonly link: string;
}

export interface Group {
  readonly text: string;
  readonly items: readonly Entry[];
}

/** A heading is `## Begin`, or `**Begin**` at the start of a line. */
export function groupsOf(map: string): Group[] {
  const groups: { text: string; items: Entry[] }[] = [];
  for (const line of map.split('\n')) {
    const heading = /^(?:##+ (.+)|\*\*(.+?)\*\*)/.exec(line);
    const item = /^\s*[-*] \[(.+?)\]\(([^)\s#]+)/.exec(line);
    if (heading) groups.push({ text: heading[1] ?? heading[2] ?? '', items: [] });
    else if (item && !/^[a-z]+:/.test(item[2] ?? '')) groups.at(-1)?.items.push(entryOf(item[1], item[2]));
  }
  return groups.filter(({ items }) => items.length > 0);
}

function entryOf(text = '', target = ''): Entry {
  return { text: text.replaceAll('`', ''), link: placeOf(fileBehind(join('docs', target))) };
}
