/**
 * Runs the programs of the pages, one after the other, in this process. Prints what they printed as JSON; or with
 * `--write`, puts it into the pages.
 *
 *   node test/support/docs/run.ts [--write] [page…]
 */
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { dispatchToServices } from './dispatch.ts';
import { type Block, blocksOf, fileOf, pages, read, root, sourceOf } from './markdown.ts';
import { fetchFromServices, forgetVisits } from './services.ts';
import { forgetTimers, passTimeUntil, replaceTimeAndChance } from './virtual-time.ts';

/** What became of a block. */
export interface Run {
  readonly output: string;
  /** The stack of what it threw. */
  readonly error: string | undefined;
}

const args = process.argv.slice(2);
const isWriting = args.includes('--write');
const named = args.filter(arg => arg !== '--write');
const blocks = (named.length > 0 ? named : pages()).flatMap(blocksOf).filter(block => block.runs);
const sources = new Map(blocks.map(block => [urlOf(block), sourceOf(block)]));

function urlOf(block: Block): string {
  return pathToFileURL(fileOf(block)).href;
}

// The blocks are no files. They only look like files beside their pages.
registerHooks({
  resolve: (specifier, context, next) =>
    sources.has(specifier) ? { url: specifier, shortCircuit: true } : next(specifier, context),
  load: (url, context, next) => {
    const source = sources.get(url);
    return source === undefined
      ? next(url, context)
      : { format: 'module-typescript', source, shortCircuit: true };
  },
});

// Loaded before time stands still.
const doors = ['', '/chaos', '/contract', '/oauth2', '/testing', '/policy-file', '/undici', '/install'];
await Promise.all(doors.map(door => import(`holdfast${door}`)));

const write = process.stdout.write.bind(process.stdout);
process.chdir(`${root}docs`);
replaceTimeAndChance();
globalThis.fetch = fetchFromServices as typeof fetch;
dispatchToServices();

async function run(block: Block): Promise<Run> {
  const lines: string[] = [];
  const print = (...values: unknown[]) => void lines.push(format(...values));
  Object.assign(console, { log: print, warn: print, error: print });
  let error: unknown;
  let isDone = false;
  const onUnhandled = (reason: unknown) => {
    error ??= reason;
  };
  process.on('unhandledRejection', onUnhandled);
  const program = import(urlOf(block)).catch(onUnhandled).finally(() => {
    isDone = true;
  });
  await Promise.all([program, passTimeUntil(() => isDone)]);
  process.off('unhandledRejection', onUnhandled);
  forgetTimers();
  forgetVisits();
  const output = lines.join('\n').replace(/[ \t]+$/gm, '');
  return { output, error: error === undefined ? undefined : String((error as Error)?.stack ?? error) };
}

const runs: Record<string, Run> = {};
for (const block of blocks) runs[`${block.page}:${block.line}`] = await run(block);

if (!isWriting) write(JSON.stringify(runs));
else for (const page of new Set(blocks.map(block => block.page))) rewrite(page);

function rewrite(page: string): void {
  let text = read(page);
  for (const block of blocks.filter(block => block.page === page)) {
    const { output, error } = runs[`${block.page}:${block.line}`] as Run;
    if (error !== undefined) write(`${block.page}:${block.line}: ${error}\n`);
    else if (block.output !== undefined) text = replaceOutput(text, block, output);
    else if (output !== '')
      write(`${block.page}:${block.line} prints, and the page does not say what:\n${output}\n`);
  }
  writeFileSync(`${root}${page}`, text);
}

function replaceOutput(text: string, block: Block, output: string): string {
  const start = text.indexOf(block.code);
  const fence = '```text output\n';
  const from = text.indexOf(fence, start) + fence.length;
  return `${text.slice(0, from)}${output}\n${text.slice(text.indexOf('```', from))}`;
}
