import { copyHeaders, headersOf } from '../http/headers.ts';
import type { Call, CallRequest } from '../pipeline/call.ts';
import { MAX_TIMER_MS } from '../pipeline/clock.ts';
import { type Check, type Checks, orFalse, readOptions, text } from '../pipeline/options.ts';
import type { Policy } from '../pipeline/pipeline.ts';

export interface DeadlineHeadersOptions {
  /**
   * The header that says how many milliseconds are left to the whole call; false for none. A call without a deadline sends
   * none.
   * @defaultValue 'x-envoy-expected-rq-timeout-ms'
   */
  readonly timeoutHeader?: string | false;
  /**
   * The header that says which attempt it is, 1 for the first; false for none.
   * @defaultValue 'x-envoy-attempt-count'
   */
  readonly attemptHeader?: string | false;
}

export type DeadlineHeaders = Required<DeadlineHeadersOptions>;

/**
 * Envoy's names: the ones for HTTP that much already understands, with plain milliseconds for a value.
 *
 * @see {@link https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter | Envoy, router}
 */
export const deadlineHeadersDefaults: DeadlineHeaders = Object.freeze({
  timeoutHeader: 'x-envoy-expected-rq-timeout-ms',
  attemptHeader: 'x-envoy-attempt-count',
});

const headerName: Check = text(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of a header');

export const deadlineHeadersChecks: Checks<DeadlineHeadersOptions> = {
  timeoutHeader: orFalse(headerName),
  attemptHeader: orFalse(headerName),
};

export const readDeadlineHeadersOptions = (
  options: DeadlineHeadersOptions,
  path = 'deadlineHeaders',
): DeadlineHeaders => readOptions(path, options, deadlineHeadersChecks, deadlineHeadersDefaults);

/**
 * Tells the service how long its answer is waited for, and which attempt this is.
 *
 * Innermost, so that what is left is measured when the attempt is sent: nothing that waits stands between. What the
 * caller gave under the same names, as who hands headers on does, is replaced: it was said of another call.
 *
 * @throws TypeError at construction, if an option will not do.
 */
export function deadlineHeaders(options: DeadlineHeadersOptions = {}): Policy {
  const names = readDeadlineHeadersOptions(options);
  return function deadlineHeaders(call, next) {
    return next({ ...call, request: withHeaders(call.request, headersFor(call, names)) });
  };
}

function headersFor(
  { attempt, deadlineAt, runtime }: Call,
  { timeoutHeader, attemptHeader }: DeadlineHeaders,
): [string, string | undefined][] {
  const headers: [string, string | undefined][] = [];
  if (attemptHeader !== false) headers.push([attemptHeader, String(attempt)]);
  if (timeoutHeader !== false) {
    const remainingMs = Math.max(0, Math.floor(deadlineAt - runtime.clock.now()));
    const isNone = deadlineAt === Number.POSITIVE_INFINITY;
    headers.push([timeoutHeader, isNone ? undefined : String(Math.min(remainingMs, MAX_TIMER_MS))]);
  }
  return headers;
}

function withHeaders(
  request: CallRequest,
  added: readonly (readonly [string, string | undefined])[],
): CallRequest {
  const given = headersOf(request);
  const headers = new Headers(given && copyHeaders(given));
  for (const [name, value] of added) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
  return { ...request, init: { ...request.init, headers } };
}
