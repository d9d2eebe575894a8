/** What a transport does with one attempt: a status, a response of one's own, or an error to reject with. */
export type Answer = number | Error | (() => Response | Promise<Response>);

export interface Answering {
  (input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** The arguments of each attempt. */
  readonly calls: readonly (readonly [input: string | URL | Request, init: RequestInit | undefined])[];
  /** The requests they make, as `fetch` reads them. */
  readonly requests: readonly Request[];
}

/** A transport that answers by itself: with the answers in turn, and the last one again and again. */
export function answering(...answers: Answer[]): Answering {
  const calls: [string | URL | Request, RequestInit | undefined][] = [];
  const requests: Request[] = [];
  async function transport(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    requests.push(new Request(input, init));
    calls.push([input, init]);
    const answer = answers[Math.min(calls.length, answers.length) - 1];
    if (typeof answer === 'object') throw answer;
    return typeof answer === 'function' ? answer() : statusResponse(answer);
  }
  return Object.assign(transport, { calls, requests });
}

/** A response with this status and, where it may have one, a small body. */
export function statusResponse(status = 200, headers: HeadersInit = {}): Response {
  const hasBody = status !== 204 && status !== 304;
  return new Response(hasBody ? `status ${status}` : null, { status, headers });
}
