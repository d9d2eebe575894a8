import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A server of Node's own that listens, and its connections. Closed with all of them. */
export class Listening implements AsyncDisposable {
  readonly port: number;
  /** All that it has accepted, in order. */
  readonly sockets: readonly Socket[];
  readonly #server: Server;

  private constructor(server: Server, sockets: readonly Socket[]) {
    this.#server = server;
    this.sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  static async on(server: Server, hostname = '127.0.0.1'): Promise<Listening> {
    const sockets: Socket[] = [];
    // That of TLS is told of under its own event, and this is what it stands on.
    server.on('connection', socket => {
      sockets.push(socket);
      socket.on('error', () => {});
    });
    await once(server.listen(0, hostname), 'listening');
    return new Listening(server, sockets);
  }

  get open(): number {
    return this.sockets.filter(({ destroyed }) => !destroyed).length;
  }

  /** Waits until no connection is left. */
  async deserted(): Promise<void> {
    // Not `once`, which rejects when a socket errs on its way there.
    const closes = this.sockets
      .filter(({ closed }) => !closed)
      .map(socket => new Promise(resolve => socket.once('close', resolve)));
    await Promise.all(closes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}
