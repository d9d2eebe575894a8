/** Failures that look to programs as the network's own do, and to people as what they are. */
import { bodyError, networkError } from '../testing/network-error.ts';

/** What people see in messages: a search for it finds everything that was injected. */
const mark = '(chaos)';

export const refused = ({ host }: URL): TypeError => failed('ECONNREFUSED', `connect ECONNREFUSED ${host}`);

export const notFound = ({ hostname }: URL): TypeError =>
  failed('ENOTFOUND', `getaddrinfo ENOTFOUND ${hostname}`);

export const reset = (): TypeError => failed('ECONNRESET', 'read ECONNRESET');

/** What the readers of a body get when its connection is reset: the same over `fetch` and over undici. */
export const terminated = (): TypeError => marked(bodyError('ECONNRESET'), 'read ECONNRESET');

const failed = (code: string, message: string): TypeError => marked(networkError(code), message);

function marked(error: TypeError, message: string): TypeError {
  (error.cause as Error).message = `${message} ${mark}`;
  return error;
}
