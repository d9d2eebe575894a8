/** Which requests are meant. */
import { matchesHost } from '../hosts/host-pattern.ts';
import { copyHeaders, headersOf, someHeader } from '../http/headers.ts';
import type { Call, CallRequest } from '../pipeline/call.ts';
import type { Scope } from './options.ts';

export function isIn({ hosts, methods, paths, header }: Scope, request: CallRequest): boolean {
  const { url, method } = request;
  if (hosts && !hosts.some(pattern => matchesHost(pattern, url))) return false;
  if (methods && !methods.includes(method)) return false;
  if (paths && !paths.some(pattern => pattern.test(url.pathname))) return false;
  return header === undefined || carries(request, header);
}

const carries = (request: CallRequest, header: string): boolean =>
  someHeader(headersOf(request), name => name.toLowerCase() === header);

/** The call without the headers that ask for faults: they are none of the service's business. */
export function withoutHeaders(call: Call, names: readonly string[]): Call {
  const { request } = call;
  const given = headersOf(request);
  if (!given || !names.some(name => carries(request, name))) return call;
  const headers = new Headers(copyHeaders(given));
  for (const name of names) headers.delete(name);
  return { ...call, request: { ...request, init: { ...request.init, headers } } };
}
