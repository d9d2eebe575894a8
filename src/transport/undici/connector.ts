/** What may stand around a way to connect. */
import { isIP } from 'node:net';
import type { Connect } from './connections.ts';
import type { Guard } from './guard.ts';

/** Connects where the guard lets it: to addresses given as such, and looks again at what it has come to. */
export const guarded =
  (connect: Connect, guard: Guard): Connect =>
  (target, callback) => {
    const { hostname } = target;
    // An address needs no look-up, and so would not be looked at.
    const refused = isIP(hostname) === 0 ? undefined : guard.refusal(hostname, hostname);
    if (refused) {
      callback(refused, null);
      return undefined;
    }
    return connect(target, (...[error, socket]) => {
      if (error) return callback(error, null);
      const { remoteAddress } = socket;
      const late = remoteAddress === undefined ? undefined : guard.refusal(hostname, remoteAddress);
      if (!late) return callback(null, socket);
      socket.on('error', () => {}).destroy();
      callback(late, null);
    });
  };

/** Forgets a name that did not lead to a connection. */
export const forgetful =
  (connect: Connect, forget: (hostname: string) => void): Connect =>
  (target, callback) =>
    connect(target, (...[error, socket]) => {
      if (!error) return callback(null, socket);
      forget(target.hostname);
      callback(error, null);
    });
