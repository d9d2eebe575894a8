/** Answers of msw that are none: what networks do on bad days. */
import { HttpResponse } from 'msw/http';
import { brokenBody, type Chunk, stalledBody } from '../bodies.ts';
import { bodyError } from '../network-error.ts';

/** For a handler of msw, `http.get(url, faults.reset())`, and for a mock, `mocks.on('getUser').reply(faults.reset())`. */
export interface Faults {
  /** Nobody listens: nothing was sent. */
  refused(): () => Response;
  /** The connection breaks before the answer: the service may have had the request. */
  reset(): () => Response;
  /** The name is not found: nothing was sent. */
  notFound(): () => Response;
  /** As the network fails, by the code of the cause. */
  failure(code: string): () => Response;
  /** No answer, until the request is aborted. */
  stall(): () => Promise<never>;
  /** Headers, what is given of the body, and then the end of the connection. */
  truncate(beginning?: Chunk, init?: ResponseInit): () => Response;
  /** Headers, what is given of the body, and then nothing more, until the request is aborted. */
  stallBody(beginning?: Chunk, init?: ResponseInit): () => Response;
}

// The response becomes the cause of what `fetch` rejects with, which is where clients look for a code.
const failure = (code: string) => (): Response => Object.assign(HttpResponse.error(), { code });

/** msw takes the end of a body for its end unless its length is known, and this one is never that long. */
function withLength(init: ResponseInit): ResponseInit {
  const headers = new Headers(init.headers);
  if (!headers.has('content-length')) headers.set('content-length', String(Number.MAX_SAFE_INTEGER));
  return { ...init, headers };
}

/** Faults for msw, made as often as a handler is asked. */
export const faults: Faults = {
  refused: () => failure('ECONNREFUSED'),
  reset: () => failure('ECONNRESET'),
  notFound: () => failure('ENOTFOUND'),
  failure,
  stall: () => () => new Promise<never>(() => {}),
  truncate:
    (beginning = '', init = {}) =>
    () =>
      new Response(brokenBody(bodyError('ECONNRESET'), beginning), withLength(init)),
  stallBody:
    (beginning = '', init = {}) =>
    () =>
      new Response(stalledBody(beginning), init),
};
