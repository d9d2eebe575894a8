/** Puts a resilient fetch in the place of the global one, and takes it out again. */
import { createFetch, type HoldfastFetch } from '../fetch.ts';
import type { FetchOptions } from '../fetch-options.ts';
import { isHoldfastFetch } from '../given-fetch.ts';
import type { FetchLike } from '../http/fetch-like.ts';
import { requireObject } from '../pipeline/options.ts';
import { globalFetch } from '../transport/global-fetch.ts';
import type { UndiciOptions } from '../transport/undici/options.ts';
import { isRuntimeFetch } from './runtime-fetch.ts';
import { senderOver } from './sender.ts';

/** What `createFetch` takes, but for the transport. */
export interface InstallOptions extends Omit<FetchOptions, 'transport'> {
  /**
   * Options of undici, which then has to be installed; false to send over the `fetch` that stood there.
   * @defaultValue undici where it is installed, and neither `fetch` nor undici's dispatcher has been replaced
   */
  readonly undici?: UndiciOptions | false;
}

/** One install, which `using` undoes. */
export interface Installation {
  /** The global `fetch` from now on, with `hosts`, `update()` and `close()`. */
  readonly fetch: HoldfastFetch;
  /** @throws Error if a later install, or somebody else's `fetch`, has to be undone first. */
  [Symbol.dispose](): void;
}

interface Layer {
  readonly fetch: HoldfastFetch;
  /** Undefined where a fetch of ours was in place already. */
  readonly instead: { readonly fetch: FetchLike; readonly descriptor: PropertyDescriptor } | undefined;
}

/** The latest is last. */
const layers: Layer[] = [];

/**
 * Makes the global `fetch` a resilient one, until `uninstall()`. Installs do not stand on each other: whichever is the
 * latest sends by what was there before the first. Without options, an install where there is one already shares it.
 *
 * @throws TypeError or RangeError if an option will not do, or there is no global `fetch`.
 * @example
 * using installed = install({ retry: false });
 */
export function install(options?: InstallOptions): Installation {
  forgetTakenOut();
  const layer = (options === undefined && sharedLayer()) || newLayer(options);
  layers.push(layer);
  return { fetch: layer.fetch, [Symbol.dispose]: () => undo(layer) };
}

/**
 * Undoes the latest install: what was there before it is there again. Calls that are open go on, and who holds the
 * fetch that was installed can go on calling it. Without an install there is nothing to do.
 *
 * @throws Error if somebody else has replaced `fetch` since. It stays, and so does the install.
 */
export function uninstall(): void {
  forgetTakenOut();
  const latest = layers.at(-1);
  if (!latest) return;
  if (latest.instead) {
    if (globalThis.fetch !== latest.fetch) throw new Error(replacedSince);
    Object.defineProperty(globalThis, 'fetch', latest.instead.descriptor);
  }
  layers.pop();
}

const replacedSince =
  'The global `fetch` is not the one that was installed: somebody has replaced it since, and it is left alone. ' +
  "Undo that first, such as by msw's server.close(), then uninstall.";

function undo(layer: Layer): void {
  forgetTakenOut();
  if (!layers.includes(layer)) return;
  if (layers.at(-1) !== layer)
    throw new Error(
      'Something else has been installed since: installs are undone in order, the latest first.',
    );
  uninstall();
}

/** Somebody may have put back by hand what stood there before us. The runtime's own stands on none of ours. */
function forgetTakenOut(): void {
  const { fetch } = globalThis;
  const first = isRuntimeFetch(fetch) ? 0 : layers.findIndex(({ instead }) => instead?.fetch === fetch);
  if (first !== -1) layers.length = first;
}

/** One of ours that is in place, maybe under somebody else's, or that another copy of the package put there. */
function sharedLayer(): Layer | undefined {
  const present = layers.at(-1)?.fetch ?? globalThis.fetch;
  return present && isHoldfastFetch(present) ? { fetch: present, instead: undefined } : undefined;
}

function newLayer(options: InstallOptions = {}): Layer {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
  const stood = globalThis.fetch;
  if (!descriptor || typeof stood !== 'function')
    throw new TypeError(
      'There is no global `fetch` to replace. Was Node started with --no-experimental-fetch?',
    );
  const fetch = createFetch(fetchOptionsOf(options));
  const { configurable = false, enumerable = false, writable = true } = descriptor;
  Object.defineProperty(globalThis, 'fetch', { configurable, enumerable, writable, value: fetch });
  return { fetch, instead: { fetch: stood, descriptor } };
}

function fetchOptionsOf(options: InstallOptions): FetchOptions {
  requireObject(options, '');
  const { undici, ...others } = options;
  if ('transport' in others)
    throw new TypeError(
      '`transport` has no place here. Give the options of undici as `undici`, or as `fetch` what else should send.',
    );
  if (!others.fetch) return { ...others, ...senderOver(globalFetch(), undici) };
  if (undici)
    throw new TypeError('`fetch` and `undici` contradict each other: both say what sends. Give one of them.');
  return others;
}
