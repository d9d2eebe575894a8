/** Makes the answer that stands in for that of the service. */
import { createStamp } from '../../http/stamp.ts';
import { type AtWork, ask } from './answering.ts';
import { copyOf } from './kept-response.ts';
import type { FallbackFailure, Source } from './options.ts';

/** Sends a call through the client that the fallback belongs to. */
export type Send = (url: string, init: RequestInit, deadlineAt: number) => Promise<Response>;

/** Undefined for none. What is wrong with it is thrown. */
export async function substituteFor(
  source: Source,
  failure: FallbackFailure,
  { deadlineAt, within }: { readonly deadlineAt: number; readonly within: AtWork | undefined },
  send: Send,
): Promise<Response | undefined> {
  const isHead = failure.request.method === 'HEAD';
  switch (source.kind) {
    case 'value':
      return jsonResponse(source.json, isHead);
    case 'response':
      return copyOf(source.response, isHead);
    case 'answer':
      return responseOf(await ask(source.answer, failure, within), isHead);
    case 'call': {
      const response = await send(source.url, { ...source.init, signal: failure.signal }, deadlineAt);
      if (response.status < 400) return response;
      response.body?.cancel().catch(() => {});
      throw new Error(`${source.url} answered with status ${response.status}, which is no substitute.`);
    }
  }
}

function jsonResponse(json: string, isHead: boolean): Response {
  return new Response(isHead ? null : json, { headers: { 'content-type': 'application/json' } });
}

const given = createStamp<true>();

function responseOf(answer: unknown, isHead: boolean): Response | undefined {
  if (answer === undefined) return undefined;
  if (answer instanceof Response) {
    if (answer.status < 200 || answer.bodyUsed || answer.body?.locked)
      throw new TypeError(
        '`fallback.answer` gave a Response that nobody can read: an error, or one that was read.',
      );
    if (answer.body === null) return answer;
    if (given.get(answer))
      throw new TypeError(
        '`fallback.answer` gave a Response that another call has got already. Make one for each, or give it as ' +
          '`fallback.response`.',
      );
    given.set(answer, true);
    return answer;
  }
  const json = JSON.stringify(answer);
  if (json === undefined)
    throw new TypeError('`fallback.answer` gave neither a Response nor a value that JSON can hold.');
  return jsonResponse(json, isHead);
}
