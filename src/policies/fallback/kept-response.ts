/** A response that is answered with again and again. */
import { createStamp } from '../../http/stamp.ts';

/** Its body, read once: a clone of a clone would pass on every byte twice. */
const bodies = createStamp<Promise<Uint8Array<ArrayBuffer> | null>>();

/** Whether we are the one who has read its body. */
export const isKept = (response: Response): boolean => bodies.get(response) !== undefined;

export async function copyOf(response: Response, isHead: boolean): Promise<Response> {
  const { status, statusText, headers } = response;
  const bytes = bodies.get(response) ?? readOnce(response);
  bodies.set(response, bytes);
  const body = await bytes;
  return new Response(isHead || body === null ? null : new Uint8Array(body), { status, statusText, headers });
}

async function readOnce(response: Response): Promise<Uint8Array<ArrayBuffer> | null> {
  return response.body && new Uint8Array(await response.arrayBuffer());
}
