/**
 * What an entry point is in a runtime where it cannot work: it says so when it is imported, and what to use instead.
 * package.json's export conditions lead there. The names are those of the entry point itself, since an import of a
 * name that is not there fails first, and says less.
 */

/** @throws Error at import, in place of the entry point. */
export function unavailable(entry: string, reason: string, instead: string): never {
  throw new Error(`${entry} does not work in ${runtimeName()}: ${reason}. ${instead}`);
}

function runtimeName(): string {
  const { navigator } = globalThis as { navigator?: { userAgent?: string } };
  if ('Bun' in globalThis) return 'Bun';
  if (navigator?.userAgent === 'Cloudflare-Workers') return 'workerd (Cloudflare Workers)';
  return 'document' in globalThis || 'WorkerGlobalScope' in globalThis ? 'a browser' : 'this runtime';
}
