import { type ChildProcess, fork } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import {
  type AnswerOptions,
  type Command,
  type ListenOptions,
  type Message,
  type NumberedCommand,
  OPTIONS_PARAMETER,
  type ServerEvent,
} from './fault-server/protocol.ts';

export { filler } from './fault-server/protocol.ts';

/** The code of a reset that came on the heels of bytes: Node 22, when it reads both at once, takes it for an end. */
export const resetAfterBytes = /^(?:ECONNRESET|UND_ERR_SOCKET)$/;

/** A request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case; of a repeated field, the last. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined until the whole body has arrived. */
  body: Uint8Array | undefined;
  /** The connection it came on; the first that the server accepted is 1. */
  readonly connection: number;
  /** True once the last byte of the answer was handed to the network. */
  answered: boolean;
}

/** A connection as the server saw it. */
export interface SeenConnection {
  readonly connection: number;
  /** Who ended it; undefined while it is open. */
  closedBy: 'client' | 'server' | undefined;
  bytesReceived: number | undefined;
}

/**
 * A server on real sockets, in a process of its own, that misbehaves as the path asks.
 *
 * The first segment of a path names the answers to give, in turn; the last is given again and again.
 * `/503,reset-mid-body,200/orders` answers 503, breaks off its second answer and then behaves.
 * What it sees it reports, so a test waits for an event and never for a time.
 */
export class FaultServer implements AsyncDisposable {
  readonly #number: number;
  readonly #process: ServerProcess;
  readonly #requests: SeenRequest[] = [];
  readonly #connections: SeenConnection[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #scheme: 'http' | 'https';
  #port = 0;

  private constructor(process: ServerProcess, number: number, options: ListenOptions) {
    this.#process = process;
    this.#number = number;
    this.#scheme = options.tls || options.silent ? 'https' : 'http';
  }

  static async start(options: ListenOptions): Promise<FaultServer> {
    const process = ServerProcess.shared();
    const server = new FaultServer(process, process.nextServer(), options);
    process.listen(server.#number, event => server.#hear(event));
    server.#port = await server.#send({ kind: 'listen', server: server.#number, options });
    return server;
  }

  get origin(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Where a request for this path goes; the options travel in the query. */
  url(path: string, options?: AnswerOptions): string {
    const url = new URL(path, this.origin);
    if (options) url.searchParams.set(OPTIONS_PARAMETER, JSON.stringify(options));
    return url.href;
  }

  /** All requests that the server has seen up to now, of one path or of all. */
  async requests(path?: string): Promise<readonly SeenRequest[]> {
    await this.#send({ kind: 'sync', server: this.#number });
    return this.#requestsTo(path);
  }

  /** All connections that the server has accepted up to now. */
  async connections(): Promise<readonly SeenConnection[]> {
    await this.#send({ kind: 'sync', server: this.#number });
    return this.#connections;
  }

  /** Waits until the `nth` request to the path has arrived with its whole body. */
  async seen(path: string, nth = 1): Promise<SeenRequest> {
    return this.#until(() => {
      const request = this.#requestsTo(path)[nth - 1];
      return request?.body && request;
    });
  }

  /** Waits until the head of the `nth` request to the path has arrived, its body or not. */
  async headSeen(path: string, nth = 1): Promise<SeenRequest> {
    return this.#until(() => this.#requestsTo(path)[nth - 1]);
  }

  /** Waits until the `nth` request to the path has been answered and the client has had the turns to take it in. */
  async answered(path: string, nth = 1): Promise<SeenRequest> {
    const request = await this.#until(() => {
      const candidate = this.#requestsTo(path)[nth - 1];
      return candidate?.answered ? candidate : undefined;
    });
    await this.#send({ kind: 'sync', server: this.#number });
    return request;
  }

  /** Waits until the connection of the `nth` request to the path is closed, and tells by whom. */
  async waitForClose(path: string, nth = 1): Promise<SeenConnection> {
    const { connection } = await this.headSeen(path, nth);
    return this.#until(() => {
      const seen = this.#connections.find(candidate => candidate.connection === connection);
      return seen?.closedBy && seen;
    });
  }

  /** Waits until the server has accepted its `nth` connection. */
  async connected(nth = 1): Promise<SeenConnection> {
    return this.#until(() => this.#connections[nth - 1]);
  }

  /** Lets an answer that stalls or is held go on. */
  async release(path: string): Promise<void> {
    await this.#send({ kind: 'release', server: this.#number, path });
  }

  /** Closes the connections that wait for a next request, as a server with a short keep-alive does. */
  async closeIdleConnections(): Promise<void> {
    await this.#send({ kind: 'close-idle', server: this.#number });
  }

  /** Resets every connection and closes the port, as a crash does. */
  async crash(): Promise<void> {
    await this.#send({ kind: 'stop-listening', server: this.#number });
  }

  /** Opens the same port again after a {@link crash}. */
  async restart(): Promise<void> {
    await this.#send({ kind: 'listen-again', server: this.#number });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#send({ kind: 'close', server: this.#number });
    this.#process.forget(this.#number);
  }

  #send(command: Command): Promise<number> {
    return this.#process.send(command);
  }

  #requestsTo(path: string | undefined): readonly SeenRequest[] {
    return path === undefined ? this.#requests : this.#requests.filter(request => request.path === path);
  }

  /** Resolves with the first thing found, now or after an event to come. */
  #until<Found>(find: () => Found | undefined | ''): Promise<Found> {
    const found = new Promise<Found>(resolve => {
      const look = () => {
        const found = find();
        if (!found) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
    return this.#process.awaited(found);
  }

  #hear(event: ServerEvent): void {
    this.#note(event);
    for (const look of [...this.#waiting]) look();
  }

  #note(event: ServerEvent): void {
    switch (event.kind) {
      case 'connected':
        this.#connections.push({
          connection: event.connection,
          closedBy: undefined,
          bytesReceived: undefined,
        });
        break;
      case 'request': {
        const { method, path, connection } = event;
        const headers = Object.fromEntries(event.headers);
        this.#requests.push({ method, path, headers, connection, body: undefined, answered: false });
        break;
      }
      case 'request-body':
        this.#requests[event.request - 1]!.body = new Uint8Array(event.body);
        break;
      case 'answered':
        this.#requests[event.request - 1]!.answered = true;
        break;
      case 'closed':
        Object.assign(this.#connections[event.connection - 1]!, {
          closedBy: event.by,
          bytesReceived: event.bytesReceived,
        });
    }
  }
}

interface Reply {
  readonly resolve: (port: number) => void;
  readonly reject: (error: Error) => void;
}

/** The process that all servers of one test file live in: a fork costs more than most tests. */
class ServerProcess {
  static #shared: ServerProcess | undefined;
  readonly #child: ChildProcess;
  readonly #listeners = new Map<number, (event: ServerEvent) => void>();
  readonly #replies = new Map<number, Reply>();
  #commandCount = 0;
  #serverCount = 0;
  #awaitedCount = 0;

  static shared(): ServerProcess {
    ServerProcess.#shared ??= new ServerProcess();
    return ServerProcess.#shared;
  }

  private constructor() {
    const entry = new URL('./fault-server-process.ts', import.meta.url);
    this.#child = fork(entry, { execArgv: [], serialization: 'advanced', stdio: 'inherit' });
    this.#child.on('message', message => this.#hear(message as Message));
    this.#child.on('exit', code => this.#ended(code));
    // Ours must not be the last word on when the tests are over: the child ends with its parent.
    this.#child.unref();
    this.#child.channel?.unref();
  }

  nextServer(): number {
    return ++this.#serverCount;
  }

  listen(server: number, listener: (event: ServerEvent) => void): void {
    this.#listeners.set(server, listener);
  }

  forget(server: number): void {
    this.#listeners.delete(server);
  }

  /** Resolves once the command is carried out, after everything that was seen before has been reported. */
  send(command: Command): Promise<number> {
    const number = ++this.#commandCount;
    const reply = new Promise<number>((resolve, reject) => this.#replies.set(number, { resolve, reject }));
    this.#child.send({ number, command } satisfies NumberedCommand);
    return this.awaited(reply);
  }

  /** Keeps the test's process alive as long as something that the child will tell is awaited, and no longer. */
  async awaited<Value>(promise: Promise<Value>): Promise<Value> {
    if (++this.#awaitedCount === 1) this.#child.channel?.ref();
    try {
      return await promise;
    } finally {
      if (--this.#awaitedCount === 0) this.#child.channel?.unref();
    }
  }

  #hear(message: Message): void {
    if (message.kind === 'event') this.#listeners.get(message.event.server)?.(message.event);
    else {
      this.#replies.get(message.number)?.resolve(message.port);
      this.#replies.delete(message.number);
    }
  }

  #ended(code: number | null): void {
    ServerProcess.#shared = undefined;
    const error = new Error(`the fault server's process ended with code ${code}`);
    for (const reply of this.#replies.values()) reply.reject(error);
    this.#replies.clear();
  }
}

/** Starts a server on a port of its own; `await using` closes it and all its connections. */
export function startFaultServer(options: ListenOptions = {}): Promise<FaultServer> {
  return FaultServer.start(options);
}

/** The address of a port that was just closed, so that a connection to it is refused. */
export async function refusedUrl(path = '/'): Promise<string> {
  const server = await startFaultServer();
  const url = server.url(path);
  await server[Symbol.asyncDispose]();
  return url;
}

/** Waits the one turn of the event loop for which undici rests a connection after a response, before it is used again. */
export const socketIsFree = (): Promise<void> => setImmediate();
