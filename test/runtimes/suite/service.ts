/** The unreliable service, as the suites see it. */
import type { Addresses, Log } from '../server.ts';

declare global {
  /** Set by whoever starts a suite. */
  var HOLDFAST_SERVICE: Addresses;
}

export const nobody = (): string => HOLDFAST_SERVICE.nobody;

/** A story of its own: where it is called, and what the service saw of it. */
export interface Story {
  readonly url: string;
  readonly log: () => Promise<Log>;
  /** As `log`, when the client has hung up on an answer. */
  readonly closed: () => Promise<Log>;
}

export function story(answers: string, rest = ''): Story {
  const { origin } = HOLDFAST_SERVICE;
  const id = crypto.randomUUID();
  const log = async (query = '') => (await (await fetch(`${origin}/log/${id}${query}`)).json()) as Log;
  return { url: `${origin}/${id}/${answers}${rest}`, log: () => log(), closed: () => log('?until=closed') };
}

export const wait = (ms: number): Promise<void> => new Promise(resolve => void setTimeout(resolve, ms));

const agent = (): string => (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent ?? '';

/** Where this runs. */
export const runtime: 'node' | 'bun' | 'deno' | 'workerd' | 'browser' =
  'Bun' in globalThis
    ? 'bun'
    : 'Deno' in globalThis
      ? 'deno'
      : agent() === 'Cloudflare-Workers'
        ? 'workerd'
        : 'document' in globalThis
          ? 'browser'
          : 'node';

export const isHere = (...runtimes: (typeof runtime)[]): boolean => runtimes.includes(runtime);
