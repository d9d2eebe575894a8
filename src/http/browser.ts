/**
 * Whether this is a page or one of its workers, where the browser keeps to itself what other runtimes tell. The other
 * runtimes with such a scope have no location (workerd), or say who they are (Deno).
 */
export const isInBrowser = (): boolean =>
  'document' in globalThis ||
  ('WorkerGlobalScope' in globalThis && 'location' in globalThis && !('Deno' in globalThis));
