/** A request on its way with its credentials, and once more with others where those were refused. */
import { isReplayable } from '../http/body.ts';
import { discard } from '../http/drain.ts';
import { declareSecretHeader, declareSecretParameter } from '../http/redact.ts';
import type { Clock } from '../pipeline/clock.ts';
import { waitFor } from '../pipeline/wait.ts';
import type { Auth, AuthDraft } from './auth.ts';
import { maxAuthMs } from './tokens.ts';

/** A request that is complete but for what an {@link Auth} adds. */
export interface Sendable {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string>;
  /** As in a `Cookie` header; empty for none. */
  readonly cookies: string;
  readonly body: BodyInit | undefined;
}

/** What an authorized request needs of the call that it belongs to. */
export interface Trip {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** When the call has to be over: credentials take their time from the same limit as the rest. */
  readonly deadlineAt: number;
  send(request: Sendable): Promise<Response>;
  /** The error of a call whose credentials do not come. */
  tooLate(limitMs: number): Error;
}

/** @throws what the Auth does, and the reason of the caller's signal. */
export async function sendAuthorized(auth: Auth, request: Sendable, trip: Trip): Promise<Response> {
  const draft = draftOf(request);
  await credentials(() => auth.authorize(draft, trip.clock), trip);
  const response = await trip.send(withDraft(request, draft));
  if (response.status !== 401 || !auth.renew) return response;
  const renewed = draftOf(request);
  const renew = async () => auth.renew?.(renewed, draft, trip.clock);
  if (!isReplayable(request.body)) {
    // Not for this call, but the next one would only be refused as well.
    renew().catch(() => {});
    return response;
  }
  if (!(await credentials(renew, trip, response))) return response;
  discard(response);
  return trip.send(withDraft(request, renewed));
}

/**
 * Waits no longer than the call may take.
 *
 * @param response - let go if it comes to nothing.
 */
async function credentials<Value extends boolean | void | undefined>(
  act: () => Value | Promise<Value>,
  { clock, signal, deadlineAt, tooLate }: Trip,
  response?: Response,
): Promise<Value> {
  try {
    signal?.throwIfAborted();
    const coming = act();
    if (typeof coming !== 'object') return coming;
    const limitMs = Math.min(maxAuthMs, Math.max(0, deadlineAt - clock.now()));
    return await waitFor(Promise.resolve(coming), { clock, signal, limitMs, tooLate });
  } catch (error) {
    if (response) discard(response);
    throw error;
  }
}

const draftOf = ({ method, target, headers, cookies }: Sendable): AuthDraft => ({
  method,
  url: target,
  headers: { ...headers },
  query: [],
  cookies: cookies === '' ? [] : [cookies],
});

function withDraft(request: Sendable, draft: AuthDraft): Sendable {
  return {
    ...request,
    target: withQuery(request.target, draft.query),
    headers: withHeaders(request.headers, draft.headers),
    cookies: draft.cookies.join('; '),
  };
}

/** Names may be in any case; what has been added is a secret by whatever name. */
function withHeaders(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers = { ...before };
  for (const [name, value] of Object.entries(after)) {
    if (before[name] === value) continue;
    declareSecretHeader(name);
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** In the place of pairs of the same names: a service may name its next page by the URL that it was called with. */
function withQuery(target: string, added: readonly string[]): string {
  if (added.length === 0) return target;
  const names = added.map(nameIn);
  for (const name of names) declareSecretParameter(name);
  const [path = '', ...rest] = target.split('?');
  const kept = rest
    .join('?')
    .split('&')
    .filter(pair => pair !== '' && !names.includes(nameIn(pair)));
  return `${path}?${[...kept, ...added].join('&')}`;
}

const nameIn = (pair: string): string => pair.split('=', 1)[0] as string;
