const LINE_END = '\r\n';
const HEAD_END = '\r\n\r\n';

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/**
 * Reads HTTP/1.1 requests off a connection, byte by byte as they come (RFC 9112).
 * By hand, because `node:http` would hide the half-sent and the malformed that these tests are about.
 */
export class RequestReader {
  readonly #onHead: (head: RequestHead) => void;
  readonly #onBody: (body: Uint8Array) => void;
  #buffer: Buffer = Buffer.alloc(0);
  #bodyLeft: number | 'chunked' | undefined;
  #body: Buffer[] = [];

  constructor(onHead: (head: RequestHead) => void, onBody: (body: Uint8Array) => void) {
    this.#onHead = onHead;
    this.#onBody = onBody;
  }

  push(bytes: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    while (this.#step());
  }

  /** Takes the next whole element off the buffer; false when more bytes are needed. */
  #step(): boolean {
    if (this.#bodyLeft === undefined) return this.#takeHead();
    if (this.#bodyLeft === 'chunked') return this.#takeChunk();
    return this.#takeBody(this.#bodyLeft);
  }

  #takeHead(): boolean {
    const end = this.#buffer.indexOf(HEAD_END);
    if (end < 0) return false;
    const head = parseHead(this.#take(end + HEAD_END.length).toString('latin1'));
    this.#bodyLeft = bodyLength(head);
    this.#onHead(head);
    return true;
  }

  #takeBody(left: number): boolean {
    const part = this.#take(Math.min(left, this.#buffer.length));
    this.#body.push(part);
    this.#bodyLeft = left - part.length;
    if (this.#bodyLeft > 0) return false;
    this.#finish();
    return true;
  }

  #takeChunk(): boolean {
    const sizeEnd = this.#buffer.indexOf(LINE_END);
    if (sizeEnd < 0) return false;
    const size = Number.parseInt(this.#buffer.toString('latin1', 0, sizeEnd), 16);
    const chunkEnd = sizeEnd + LINE_END.length + size + LINE_END.length;
    if (this.#buffer.length < chunkEnd) return false;
    const chunk = this.#take(chunkEnd);
    this.#body.push(chunk.subarray(sizeEnd + LINE_END.length, chunkEnd - LINE_END.length));
    if (size === 0) this.#finish();
    return true;
  }

  #finish(): void {
    const body = Buffer.concat(this.#body);
    this.#body = [];
    this.#bodyLeft = undefined;
    this.#onBody(body);
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }
}

function parseHead(text: string): RequestHead {
  const [requestLine = '', ...fieldLines] = text.trimEnd().split(LINE_END);
  const [method = '', target = ''] = requestLine.split(' ');
  const headers = fieldLines.map(line => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { method, target, headers };
}

function bodyLength({ headers }: RequestHead): number | 'chunked' {
  const fields = new Map(headers);
  return fields.has('transfer-encoding') ? 'chunked' : Number(fields.get('content-length') ?? 0);
}
