/** How connections are made, and what is known of them beside. */
import { isIP, type Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { Phase } from '../../http/phase.ts';
import { createStamp } from '../../http/stamp.ts';

export type Connect = (
  target: buildConnector.Options,
  callback: buildConnector.Callback,
) => Socket | undefined;

/** What a socket had received when it failed. */
const receivedBytes = createStamp<number>();

/** Codes of a connection that the other side has closed while it lay idle, and that was used before this was known. */
const resetCodes = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

/** Whether an error is that of a connection that had served another request before. */
export function isStale(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, socket } = error as { code?: unknown; socket?: { bytesRead?: number } };
  return resetCodes.includes(code as string) && (receivedBytes.get(error) ?? socket?.bytesRead ?? 0) > 0;
}

/** Watches the connections of an agent as they are made. */
export class Connections {
  /** How far the latest attempt to connect to each origin is, as long as it is on its way. */
  readonly #phases = new Map<string, Phase>();

  /** What a request to an origin is waiting for. */
  phaseOf(origin: string): Phase {
    return this.#phases.get(origin) ?? 'queue';
  }

  /** The same way to connect, watched. */
  watch(connect: Connect): Connect {
    return (target, callback) => {
      const key = `${target.protocol}//${target.host ?? target.hostname}`;
      const done = () => this.#phases.delete(key);
      this.#phases.set(key, isIP(target.hostname) ? 'connect' : 'dns');
      const socket = connect(target, (...[error, connected]: Parameters<buildConnector.Callback>) => {
        // After undici has told those who wait.
        queueMicrotask(done);
        if (error) callback(error, null);
        else {
          watchErrors(connected);
          callback(null, connected);
        }
      });
      socket
        ?.once('lookup', error => error ?? this.#phases.set(key, 'connect'))
        .once('connect', () => this.#phases.set(key, 'tls'))
        .once('close', done);
      return socket;
    };
  }
}

function watchErrors(socket: Socket): void {
  socket.prependListener('error', error => receivedBytes.set(error, socket.bytesRead));
}
