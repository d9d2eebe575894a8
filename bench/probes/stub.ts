/** A transport without a network, so that what is measured is ours. */

const headers = { 'content-type': 'application/json' };

/** Answers at once with a small JSON document. */
export const answers = async (): Promise<Response> => new Response('{"ok":true}', { headers });

/** Fails at once, as `fetch` does when nobody listens. */
export const refuses = async (): Promise<Response> => {
  throw new TypeError('fetch failed', {
    cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  });
};
