/** What a call asks of the cache: by `fetch`'s own cache modes, and by what its headers say. */
import { headersOf, someHeader } from '../../http/headers.ts';
import type { CallRequest } from '../../pipeline/call.ts';
import { type Directives, milliseconds, parseDirectives } from './directives.ts';

export interface Asked {
  /** Whether what is kept may answer. */
  readonly mayUse: boolean;
  /** Whether the answer may be kept. */
  readonly mayStore: boolean;
  /** Whatever is kept, fresh or stale. */
  readonly takesAny: boolean;
  /** Only what the service has confirmed now. */
  readonly mustRevalidate: boolean;
  /** Nothing but what is kept: `error` as `fetch` fails by its mode, `504` as a cache answers the directive. */
  readonly onlyIfCached: 'error' | '504' | false;
  readonly maxAgeMs: number;
  readonly minFreshMs: number;
  /** How far past its freshness an answer may be; -1 for not at all. */
  readonly maxStaleMs: number;
  readonly staleIfErrorMs: number;
}

const plain: Asked = {
  mayUse: true,
  mayStore: true,
  takesAny: false,
  mustRevalidate: false,
  onlyIfCached: false,
  maxAgeMs: Number.POSITIVE_INFINITY,
  minFreshMs: 0,
  maxStaleMs: -1,
  staleIfErrorMs: 0,
};

/** A call that the cache has nothing to do with. */
const bypass: Asked = { ...plain, mayUse: false, mayStore: false };

/**
 * Headers by which a caller does the work of a cache of its own. `fetch` takes its own out of the way then, and we do.
 *
 * @see {@link https://fetch.spec.whatwg.org/#http-network-or-cache-fetch | Fetch, HTTP-network-or-cache fetch}
 */
const ownBusiness = /^(?:if-(?:none-match|modified-since|match|unmodified-since|range)|range)$/i;
const speaksToCaches = /^(?:cache-control|pragma)$/i;

export function readAsked(request: CallRequest): Asked {
  const mode = modeOf(request);
  const headers = headersOf(request);
  if (mode === 'no-store' || someHeader(headers, name => ownBusiness.test(name))) return bypass;
  const asked = modes[mode] ?? plain;
  if (!someHeader(headers, name => speaksToCaches.test(name))) return asked;
  return withDirectives(asked, new Headers(headers));
}

function modeOf({ input, init }: CallRequest): string {
  const given = init.cache ?? (typeof input === 'object' && 'cache' in input ? input.cache : undefined);
  return given ?? 'default';
}

const modes: Readonly<Record<string, Asked>> = {
  reload: { ...plain, mayUse: false },
  'no-cache': { ...plain, mustRevalidate: true },
  'force-cache': { ...plain, takesAny: true },
  'only-if-cached': { ...plain, takesAny: true, onlyIfCached: 'error' },
};

/** https://www.rfc-editor.org/rfc/rfc9111#section-5.2.1 */
function withDirectives(asked: Asked, headers: Headers): Asked {
  const field = headers.get('cache-control');
  const directives: Directives = parseDirectives(field);
  if (directives.has('no-store')) return bypass;
  const isPragma = field === null && /(?:^|,)\s*no-cache\s*(?:,|$)/i.test(headers.get('pragma') ?? '');
  return {
    ...asked,
    mustRevalidate: asked.mustRevalidate || isPragma || directives.has('no-cache'),
    onlyIfCached: asked.onlyIfCached || (directives.has('only-if-cached') && '504'),
    maxAgeMs: milliseconds(directives, 'max-age') ?? asked.maxAgeMs,
    minFreshMs: milliseconds(directives, 'min-fresh') ?? asked.minFreshMs,
    maxStaleMs:
      directives.get('max-stale') === true
        ? Number.POSITIVE_INFINITY
        : (milliseconds(directives, 'max-stale') ?? asked.maxStaleMs),
    staleIfErrorMs: milliseconds(directives, 'stale-if-error') ?? 0,
  };
}
