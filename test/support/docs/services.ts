/**
 * The hosts that the programs in the pages call, in place of the global `fetch`. What each of them does is written
 * down for readers in CONTRIBUTING.md. Every program meets them fresh.
 */

/** One request to a host. */
interface Visit {
  readonly request: Request;
  readonly signal: AbortSignal;
  /** 1 for the first request that this host gets from a program. */
  readonly count: number;
}

type Host = (visit: Visit) => Response | Promise<Response>;

const visits = new Map<string, number>();

export function forgetVisits(): void {
  visits.clear();
}

const answer = (body: unknown, init?: ResponseInit): Response => Response.json(body, init);

const well: Host = ({ request }) => {
  const { pathname } = new URL(request.url);
  const id = Number(pathname.split('/').at(-1)) || 43;
  if (request.method === 'GET') return answer({ id, status: 'paid' });
  return answer({ id, status: 'accepted' }, { status: 201 });
};

const unavailable = (headers: HeadersInit = {}): Response =>
  new Response('busy, come back later', { status: 503, headers });

function failed(code: string, syscall: string): TypeError {
  const cause = Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
  return new TypeError('fetch failed', { cause });
}

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

/** A body that sends a part now and another after each interval, and breaks off when the attempt is aborted. */
function slowBody(parts: readonly string[], everyMs: number, signal: AbortSignal): ReadableStream {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      let timer: ReturnType<typeof setTimeout>;
      const send = (index: number) => {
        controller.enqueue(encoder.encode(parts[index]));
        if (index === parts.length - 1) controller.close();
        else if (everyMs !== Number.POSITIVE_INFINITY) timer = setTimeout(() => send(index + 1), everyMs);
      };
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        controller.error(signal.reason);
      });
      send(0);
    },
  });
}

const people = ['Ann', 'Ben', 'Cleo'].map((name, index) => ({
  id: index + 1,
  name,
  joined: `2026-0${index + 1}-01T00:00:00Z`,
}));

/** Three users, two to a page; a new one; and a feed of two events. */
const users: Host = async ({ request }) => {
  const { pathname, searchParams } = new URL(request.url);
  const last = pathname.split('/').at(-1);
  if (request.method === 'POST') return answer({ id: 4, ...(await request.json()) }, { status: 201 });
  if (last === 'users') {
    const from = Number(searchParams.get('cursor') ?? 0);
    return answer({ users: people.slice(from, from + 2), next: from === 0 ? '2' : null });
  }
  if (last === 'feed') {
    const body = 'id: 1\ndata: {"joined":"Ann"}\n\nid: 2\ndata: {"joined":"Ben"}\n\n';
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  }
  const user = people.find(({ id }) => String(id) === last);
  const problem = { type: 'about:blank', title: 'No such user', status: 404 };
  return user ? answer(user) : answer(problem, { status: 404 });
};

/** Taken before it is replaced: libraries that mock the network do so below it. */
const originalFetch = globalThis.fetch;

const hosts: Record<string, Host> = {
  /** For programs that mock it themselves. */
  'mocked.internal': ({ request }) => originalFetch(request),
  'users.internal': users,
  'payments.internal': well,
  'orders.internal': well,
  'images.search.internal': well,
  'web.search.internal': well,
  /** Refuses its first request. */
  'flaky.internal': visit => (visit.count === 1 ? unavailable() : well(visit)),
  /** Refuses everything, with two seconds' notice. */
  'busy.internal': () => unavailable({ 'Retry-After': '2' }),
  /** Refuses everything and says no more. */
  'broken.internal': () => new Response('internal error', { status: 500 }),
  /** Allows the first two requests. */
  'quota.internal': visit =>
    visit.count <= 2
      ? well(visit)
      : new Response('quota used up', { status: 429, headers: { 'Retry-After': '1' } }),
  /** Its first answer is good for a minute; it still holds when asked for again; then it is down. */
  'catalogue.internal': visit => {
    const headers = { 'cache-control': 'max-age=60', etag: '"1"' };
    if (visit.count === 1) return answer({ kelp: 'brown' }, { headers });
    if (visit.count > 2) return unavailable();
    return new Response(null, { status: 304, headers });
  },
  /** Gives tokens of an hour to whoever asks as OAuth says: `token-1`, `token-2` and so on. */
  'id.internal': async visit =>
    new URLSearchParams(await visit.request.text()).get('grant_type') === 'client_credentials'
      ? answer({ access_token: `token-${visit.count}`, token_type: 'Bearer', expires_in: 3_600 })
      : answer({ error: 'unsupported_grant_type' }, { status: 400 }),
  /** Refuses the credentials of its first request. */
  'guarded.internal': visit => (visit.count === 1 ? answer({}, { status: 401 }) : well(visit)),
  /** Nobody listens. */
  'down.internal': () => Promise.reject(failed('ECONNREFUSED', 'connect')),
  /** Loses the connection after the first request has come in. */
  'lossy.internal': visit => (visit.count === 1 ? Promise.reject(failed('ECONNRESET', 'read')) : well(visit)),
  /** Takes requests and never answers. */
  'silent.internal': ({ signal }) => never(signal),
  /** Takes a second. */
  'slow.internal': async visit => {
    await new Promise(resolve => setTimeout(resolve, 980));
    return well(visit);
  },
  /** Its headers come at once, its body in pieces, one a second. */
  'stream.internal': ({ signal }) => new Response(slowBody(['one\n', 'two\n', 'three\n'], 1_000, signal)),
  /** Its headers come at once, and of its body nothing but the beginning. */
  'stalled.internal': ({ signal }) =>
    new Response(slowBody(['{"half":', 'the rest'], Number.POSITIVE_INFINITY, signal)),
};

/** The first byte of any answer takes this long. */
const LATENCY_MS = 20;

export async function fetchFromServices(
  input: string | URL | Request,
  init?: RequestInit,
): Promise<Response> {
  const request = new Request(input, init);
  // Not `request.signal`: that one follows the caller's only as long as nobody collects it.
  const signal = init?.signal ?? request.signal;
  signal.throwIfAborted();
  const { hostname } = new URL(request.url);
  const host = hosts[hostname];
  if (!host) throw failed('ENOTFOUND', 'getaddrinfo');
  const count = (visits.get(hostname) ?? 0) + 1;
  visits.set(hostname, count);
  await Promise.race([new Promise(resolve => setTimeout(resolve, LATENCY_MS)), never(signal)]);
  return Promise.race([host({ request, signal, count }), never(signal)]);
}
