/** How connections are made, and what is known of them beside. */
import { isIP, Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { Phase } from '../../http/phase.ts';
import { createStamp } from '../../http/stamp.ts';

/** Returns the socket that is on its way, where there is one. */
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
  /** The latest attempt to connect to each origin, as long as it is on its way. */
  readonly #attempts = new Map<string, { phase: Phase }>();

  /** What a request to an origin is waiting for. */
  phaseOf(origin: string): Phase {
    return this.#attempts.get(origin)?.phase ?? 'queue';
  }

  /**
   * The same way to connect, watched.
   *
   * @param byName - how it begins with a name: by looking it up, unless somebody else does that.
   */
  watch(connect: Connect, byName: Phase = 'dns'): Connect {
    return (target, callback) => {
      const key = `${target.protocol}//${target.host ?? target.hostname}`;
      const attempt = { phase: isIP(target.hostname) ? ('connect' as const) : byName };
      const done = () => {
        if (this.#attempts.get(key) === attempt) this.#attempts.delete(key);
      };
      this.#attempts.set(key, attempt);
      try {
        const socket = connect(target, (...[error, connected]: Parameters<buildConnector.Callback>) => {
          // After undici has told those who wait.
          queueMicrotask(done);
          if (error) callback(error, null);
          else {
            watchErrors(connected);
            callback(null, connected);
          }
        });
        // Through a proxy it is a promise of nothing.
        if (!(socket instanceof Socket)) return undefined;
        watchProgress(socket, target.protocol === 'https:', attempt);
        socket.once('close', done);
        return socket;
      } catch (error) {
        done();
        throw error;
      }
    };
  }
}

function watchProgress(socket: Socket, isSecure: boolean, attempt: { phase: Phase }): void {
  socket.once('lookup', error => {
    if (!error) attempt.phase = 'connect';
  });
  if (!isSecure) return;
  socket.once('connect', () => {
    attempt.phase = 'tls';
  });
}

function watchErrors(socket: Socket): void {
  socket.prependListener('error', error => receivedBytes.set(error, socket.bytesRead));
}
