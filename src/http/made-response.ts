/**
 * A response that is made here and says of itself what the constructor of `Response` takes no word for: where it came
 * from, and whether on the way there was a redirect.
 */
import { createStamp } from './stamp.ts';

export interface Provenance {
  readonly url: string;
  readonly type: ResponseType;
  readonly redirected: boolean;
}

const origins = createStamp<Provenance>();

class MadeResponse extends Response {
  override get url(): string {
    return origins.get(this)?.url ?? '';
  }

  override get type(): ResponseType {
    return origins.get(this)?.type ?? 'default';
  }

  override get redirected(): boolean {
    return origins.get(this)?.redirected ?? false;
  }

  override clone(): Response {
    const copy = super.clone();
    const origin = origins.get(this);
    return origin ? withOrigin(copy, origin) : copy;
  }
}

Object.defineProperty(MadeResponse.prototype, 'constructor', { value: Response });
for (const member of ['url', 'type', 'redirected', 'clone'])
  Object.defineProperty(MadeResponse.prototype, member, { enumerable: true });

function withOrigin(response: Response, origin: Provenance): Response {
  if (Object.getPrototypeOf(response) === Response.prototype)
    Object.setPrototypeOf(response, MadeResponse.prototype);
  origins.set(response, origin);
  return response;
}

/** https://fetch.spec.whatwg.org/#null-body-status: the constructor takes none with them, not even an empty one. */
const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304;

export function madeResponse(body: BodyInit | null, init: ResponseInit, origin: Provenance): Response {
  return withOrigin(new MadeResponse(hasNoBody(init.status ?? 200) ? null : body, init), origin);
}
