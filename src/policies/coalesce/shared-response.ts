/** Copies of a response for several callers: the same head, and a body each. */
import { createStamp, inheritStamps } from '../../http/stamp.ts';

/** What a `Response` of one's own making cannot be told. */
type Head = Pick<Response, 'ok' | 'redirected' | 'status' | 'statusText' | 'type' | 'url'>;

const heads = createStamp<Head>();

/** Streams that have no end: a copy of them would be one more thing that nobody closes. */
const endless = /^(?:text\/event-stream|multipart\/x-mixed-replace)\b/i;

/**
 * Whether callers can share it: a response of the standard whose body is there to be read, and neither endless nor said
 * to be larger than what is kept for a slow reader.
 */
export function isShareable(response: Response, maxBufferedBytes: number): boolean {
  const { body, headers, type } = response;
  if (!(response instanceof Response) || type === 'opaque' || type === 'opaqueredirect' || type === 'error')
    return false;
  if (body === null) return true;
  if (!(body instanceof ReadableStream) || body.locked || response.bodyUsed) return false;
  if (Number(headers.get('content-length') ?? 0) > maxBufferedBytes) return false;
  return !endless.test(headers.get('content-type') ?? '');
}

/** A copy with a body of its own. */
export function copyOf(response: Response, body: ReadableStream<Uint8Array<ArrayBuffer>> | null): Response {
  const { ok, redirected, status, statusText, type, url, headers } = response;
  const copy = new Response(body, { headers });
  inheritStamps(response, copy);
  return withHead(copy, { ok, redirected, status, statusText, type, url });
}

function withHead(response: Response, head: Head): Response {
  heads.set(response, head);
  return Object.setPrototypeOf(response, prototype());
}

const memberOf = <Name extends keyof Head>(name: Name): PropertyDescriptor => ({
  configurable: true,
  enumerable: true,
  get(this: Response) {
    return heads.get(this)?.[name];
  },
});

let made: object | undefined;

/** Made when it is first needed: not every runtime has a `Response` from the beginning. */
function prototype(): object {
  made ??= Object.create(Response.prototype, {
    ok: memberOf('ok'),
    redirected: memberOf('redirected'),
    status: memberOf('status'),
    statusText: memberOf('statusText'),
    type: memberOf('type'),
    url: memberOf('url'),
    clone: {
      configurable: true,
      enumerable: true,
      writable: true,
      value: function clone(this: Response): Response {
        return withHead(Response.prototype.clone.call(this), heads.get(this) as Head);
      },
    },
  });
  return made as object;
}
