/** Keeps a copy of a body while its reader reads it, at the reader's own pace. */
import { ownBytes } from '../../http/body.ts';
import { passLease } from '../../http/body-lease.ts';
import { madeResponse } from '../../http/made-response.ts';

/**
 * The response as it came, and once its body has come in whole, its bytes. Nothing is read that is not asked for, and
 * the reader waits for nothing: neither tee'd, where the slower of two readers makes the other one's bytes pile up, nor
 * read ahead. A body that breaks off, is given up, or grows above the bound is never whole.
 */
export function captured(
  response: Response,
  maxBytes: number,
  onWhole: (body: Uint8Array<ArrayBuffer>) => void,
): Response {
  const { body, status, statusText, headers, url, type, redirected } = response;
  if (!body) {
    onWhole(new Uint8Array());
    return response;
  }
  const said = headers.has('content-encoding') ? null : headers.get('content-length');
  if (said !== null && Number(said) > maxBytes) return response;
  // The stream keeps both responses: they must not count as dropped while their body is in use.
  const owners: Response[] = [response];
  const copy = copying(body, maxBytes, owners, bytes => {
    if (said === null || Number(said) === bytes.byteLength) onWhole(bytes);
  });
  const made = madeResponse(copy, { status, statusText, headers }, { url, type, redirected });
  owners.push(made);
  passLease(response, made);
  return made;
}

function copying(
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  maxBytes: number,
  owners: Response[],
  onWhole: (body: Uint8Array<ArrayBuffer>) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let chunks: Uint8Array[] | undefined = [];
  let length = 0;
  // Not before somebody reads: until then the body counts as unread.
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  return new ReadableStream(
    {
      type: 'bytes',
      async pull(controller) {
        reader ??= source.getReader();
        let next = await reader.read();
        while (!next.done && next.value.byteLength === 0) next = await reader.read();
        const { done, value } = next;
        if (done) {
          if (chunks) onWhole(joined(chunks, length));
          chunks = undefined;
          owners.length = 0;
          controller.close();
          controller.byobRequest?.respond(0);
          return;
        }
        length += value.byteLength;
        if (length > maxBytes) chunks = undefined;
        // What is handed over belongs to the reader.
        chunks?.push(ownBytes(value));
        controller.enqueue(ownBytes(value));
      },
      cancel(reason) {
        chunks = undefined;
        return reader ? reader.cancel(reason) : source.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}
