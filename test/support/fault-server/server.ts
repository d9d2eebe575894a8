import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Exchange, play } from './answers.ts';
import { type AnswerOptions, type ListenOptions, OPTIONS_PARAMETER, type ServerEvent } from './protocol.ts';
import { type RequestHead, RequestReader } from './request-reader.ts';

type Report = (event: ServerEvent) => void;

const certificate = (part: string) => readFileSync(new URL(`../certificates/${part}.pem`, import.meta.url));

/** One connection, until it is closed. */
interface Connection {
  readonly id: number;
  readonly socket: Socket;
  /** True while a request is being read or answered. */
  busy: boolean;
  closedBy: 'client' | 'server';
  /** Set once the connection only looks alive. */
  doomed: 'fin' | 'reset' | undefined;
}

/** A server on a port of its own that plays the answers named by the paths and reports all that it sees. */
export class FaultyService {
  readonly #id: number;
  readonly #report: Report;
  readonly #server: Server;
  readonly #connections = new Map<number, Connection>();
  readonly #counts = new Map<string, number>();
  readonly #holds = new Map<string, Hold>();
  #port = 0;
  #connectionCount = 0;
  #requestCount = 0;

  constructor(id: number, options: ListenOptions, report: Report) {
    this.#id = id;
    this.#report = report;
    this.#server = options.tls
      ? createTlsServer({ key: certificate('self-signed-key'), cert: certificate('self-signed') })
      : createServer({ noDelay: true });
    this.#server.on('connection', (socket: Socket) => this.#accept(socket, options));
    // A handshake that the client breaks off is what the TLS tests are about.
    this.#server.on('tlsClientError', () => {});
  }

  /** Opens the port; the same one again after {@link stopListening}. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve(this.#port);
      });
    });
  }

  /** Closes the port and every connection, as a crash does. */
  stopListening(): Promise<void> {
    return new Promise(resolve => {
      this.#server.close(() => resolve());
      for (const connection of this.#connections.values()) this.#hangUp(connection, 'reset');
    });
  }

  /** Closes the connections that are waiting for a next request. */
  closeIdle(): void {
    for (const connection of this.#connections.values()) {
      if (!connection.busy) this.#hangUp(connection, 'fin');
    }
  }

  /** Lets one held answer of the path go on: the one that waits, or the next that would. */
  release(path: string): void {
    const hold = this.#hold(path);
    const resume = hold.waiting.shift();
    if (resume) resume();
    else hold.released++;
  }

  #released(path: string): Promise<void> {
    const hold = this.#hold(path);
    return new Promise(resume => {
      if (hold.released === 0) hold.waiting.push(resume);
      else {
        hold.released--;
        resume();
      }
    });
  }

  #hold(path: string): Hold {
    const hold = this.#holds.get(path) ?? { released: 0, waiting: [] };
    this.#holds.set(path, hold);
    return hold;
  }

  #accept(socket: Socket, options: ListenOptions): void {
    const id = ++this.#connectionCount;
    const connection: Connection = { id, socket, busy: false, closedBy: 'client', doomed: undefined };
    this.#connections.set(id, connection);
    this.#report({ kind: 'connected', server: this.#id, connection: id });
    // How a connection ends is told by 'close'; the error before it adds nothing.
    socket.on('error', () => {});
    socket.on('close', () => this.#closed(connection));
    if (options.resetOnAccept) this.#hangUp(connection, 'reset');
    // A socket that nobody reads does not notice its end.
    else if (options.silent) socket.resume();
    else if (!options.tls) this.#read(connection);
  }

  #closed({ id, socket, closedBy }: Connection): void {
    this.#connections.delete(id);
    const bytesReceived = socket.bytesRead;
    this.#report({ kind: 'closed', server: this.#id, connection: id, by: closedBy, bytesReceived });
  }

  #read(connection: Connection): void {
    let arrived: Arrival | undefined;
    const reader = new RequestReader(
      head => {
        connection.busy = true;
        arrived = this.#arrive(connection, head);
        if (arrived.options.early) this.#answer(connection, arrived, new Uint8Array());
      },
      body => {
        if (!arrived) return;
        this.#report({ kind: 'request-body', server: this.#id, request: arrived.request, body });
        if (!arrived.options.early) this.#answer(connection, arrived, body);
      },
    );
    connection.socket.on('data', bytes => {
      if (connection.doomed) this.#hangUp(connection, connection.doomed);
      else if (isTlsHello(connection.socket, bytes)) connection.socket.end(BAD_REQUEST);
      else reader.push(bytes);
    });
  }

  #arrive(connection: Connection, head: RequestHead): Arrival {
    const { pathname, searchParams } = new URL(head.target, 'http://localhost');
    const request = ++this.#requestCount;
    const count = (this.#counts.get(pathname) ?? 0) + 1;
    this.#counts.set(pathname, count);
    const { method, headers } = head;
    const where = { server: this.#id, connection: connection.id, request };
    this.#report({ kind: 'request', ...where, method, path: pathname, headers });
    const options = JSON.parse(searchParams.get(OPTIONS_PARAMETER) ?? '{}') as AnswerOptions;
    return { head, path: pathname, request, count, options };
  }

  async #answer(connection: Connection, arrived: Arrival, body: Uint8Array): Promise<void> {
    const { path, request, count } = arrived;
    const exchange: Exchange = {
      ...arrived,
      body,
      socket: connection.socket,
      hangUp: how => this.#hangUp(connection, how),
      doom: how => {
        connection.doomed = how;
      },
      released: () => this.#released(path),
    };
    try {
      await play(answerName(path, count), exchange);
      this.#report({ kind: 'answered', server: this.#id, request });
    } catch (error) {
      // The client has gone, which 'closed' reports; anything else is a mistake in a test.
      if (!connection.socket.destroyed && !connection.socket.errored) throw error;
    } finally {
      connection.busy = false;
    }
  }

  #hangUp(connection: Connection, how: 'fin' | 'reset'): void {
    connection.closedBy = 'server';
    if (how === 'reset') connection.socket.resetAndDestroy();
    else connection.socket.end(() => connection.socket.destroySoon());
  }
}

const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n';
const TLS_HANDSHAKE = 0x16;

/** A client that speaks TLS to a plain port is told so in plain HTTP, as web servers do. */
const isTlsHello = (socket: Socket, bytes: Buffer): boolean =>
  socket.bytesRead === bytes.length && bytes[0] === TLS_HANDSHAKE;

/** Answers of one path that wait for the test's word, or words that were given before an answer asked. */
interface Hold {
  released: number;
  readonly waiting: (() => void)[];
}

interface Arrival {
  readonly head: RequestHead;
  readonly path: string;
  readonly request: number;
  readonly count: number;
  readonly options: AnswerOptions;
}

/** `/503,reset-mid-body,200/what-for` answers in that order, and repeats the last. */
function answerName(path: string, count: number): string {
  const names = path.split('/')[1]?.split(',') ?? [];
  return names[Math.min(count, names.length) - 1] ?? '';
}
