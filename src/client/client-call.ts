import { type BeforeRequestState, type BeforeRetryState, ForceRetryError } from 'ky';
import { shareStory } from '../explain.ts';
import type { HoldfastFetch } from '../fetch.ts';
import { isReplayable } from '../http/body.ts';
import type { CallInit, FetchInput } from '../request.ts';

/** The body of a request together with what it was made from. */
interface KeptBody {
  readonly request: Request;
  readonly source: BodyInit;
  /** The content type that `Request` made up, with a boundary of its own if the source is a form. */
  readonly madeContentType: string | null;
}

/**
 * What ky does not tell its `fetch` about one call: where the body came from, so that a retry can send it again.
 *
 * ky hands over a finished `Request`, whose body is a stream that can be sent once. Its first hook sees the very
 * same `Request` beside the options it was made from, which is where the pairing happens.
 */
export class ClientCall {
  readonly #fetch: HoldfastFetch;
  #kept: KeptBody | undefined;
  #sentKept = false;
  #response: Response | undefined;

  constructor(fetch: HoldfastFetch) {
    this.#fetch = fetch;
  }

  /** The first `beforeRequest` hook: whatever later ones put in place of the request goes out as they made it. */
  readonly keepBody = ({ request, options }: BeforeRequestState): void => {
    const source = options.body;
    if (source === undefined || source === null || !isReplayable(source)) return;
    const isMade = !options.headers.has('content-type');
    const madeContentType = isMade ? request.headers.get('content-type') : null;
    this.#kept = { request, source, madeContentType };
  };

  /** The first `beforeRetry` hook. A hook that asked for a retry gets a clone of the request that was sent. */
  readonly keepBodyOfClone = ({ request, error }: BeforeRetryState): void => {
    const isOther = error instanceof ForceRetryError && error.customRequest !== undefined;
    if (this.#kept && this.#sentKept && !isOther) this.#kept = { ...this.#kept, request };
  };

  /** The `fetch` of this call. */
  readonly send = async (input: FetchInput, init?: CallInit): Promise<Response> => {
    const kept = this.#kept?.request === input ? this.#kept : undefined;
    this.#sentKept = kept !== undefined;
    const response = await this.#fetch(input, kept ? { ...init, ...replayable(kept) } : init);
    this.#response = response;
    return response;
  };

  /** Lets clones tell the story too, of which each hook gets one. */
  readonly sendTellingClones = async (input: FetchInput, init?: CallInit): Promise<Response> =>
    tellingClones(await this.send(input, init));

  /** Lets the response that ky ends with tell the story of the one that it came from. */
  tell(response: unknown): void {
    if (this.#response && response instanceof Response) shareStory(this.#response, response);
  }
}

/** A second encoding of a form has a boundary of its own, which the first one's content type would contradict. */
function replayable({ request, source, madeContentType }: KeptBody): RequestInit {
  if (madeContentType === null || !isForm(source)) return { body: source };
  if (request.headers.get('content-type') !== madeContentType) return { body: source };
  return { body: source, headers: [...request.headers].filter(([name]) => name !== 'content-type') };
}

const isForm = (body: BodyInit): boolean => Object.prototype.toString.call(body) === '[object FormData]';

/** A response with a body sees to its clones itself. */
function tellingClones(response: Response): Response {
  if (response.body) return response;
  const { clone } = response;
  return Object.defineProperty(response, 'clone', {
    configurable: true,
    writable: true,
    value(this: Response) {
      const copy = clone.call(this);
      shareStory(this, copy);
      return tellingClones(copy);
    },
  });
}
