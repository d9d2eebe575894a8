/**
 * The same traffic through the global fetch and through holdfast, to a service that goes from bad to worse.
 * `npm run demo`, or `npm run demo -- --help`.
 */
import { constants } from 'node:os';
import { inspect } from 'node:util';
import { help, readOptions, UsageError } from './options.ts';

const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const;

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return void process.stdout.write(help);

  const interrupts = new AbortController();
  // `on`, not `once`: what restores the cursor ends the process on the spot when it finds itself the only listener.
  for (const name of INTERRUPTS) process.on(name, () => interrupts.abort(name));
  // The reader of a pipe went away, as `head` does.
  process.stdout.on('error', () => interrupts.abort('SIGPIPE'));
  // A terminal that was closed takes no last words, and that must not keep us from clearing up.
  process.stderr.on('error', () => {});
  // Not before the options are known to be right: this needs the built package.
  const [{ run }, { live }, { plain }, { silent }, { report }] = await Promise.all([
    import('./run.ts'),
    import('./show/live.ts'),
    import('./show/plain.ts'),
    import('./show/view.ts'),
    import('./show/report.ts'),
  ]);
  const canRedraw = process.stdout.isTTY && process.env.TERM !== 'dumb';
  const draw = options.json ? silent : canRedraw ? live : plain;
  const { scene, summary } = await run(options, draw, interrupts.signal);
  if (options.json) console.log(JSON.stringify(summary, null, 2));
  else console.log(report(scene, summary, process.stdout.columns ?? 80));
}

/** Says what went wrong, and returns what to exit with. */
function explainFailure(error: unknown): number {
  const interrupt = INTERRUPTS.find(name => name === error);
  if (interrupt) {
    console.error(`demo: stopped by ${interrupt}`);
    return 128 + constants.signals[interrupt];
  }
  if (error instanceof UsageError) {
    console.error(`demo: ${error.message}`);
    return 2;
  }
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ERR_MODULE_NOT_FOUND' && message?.includes('/dist/')) {
    console.error('demo: holdfast is not built yet. `npm run demo` builds it first; or run `npm run build`.');
  } else {
    console.error(`demo: something broke that was not meant to. ${inspect(error)}`);
  }
  return 1;
}

try {
  await main();
} catch (error) {
  process.exitCode = explainFailure(error);
}
