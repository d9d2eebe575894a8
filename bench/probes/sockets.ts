import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Node's list of active resources would not do: undici lets go of idle connections there, and they are still open. */
export function countSockets(): { open(): number } {
  let open = 0;
  subscribe('net.client.socket', message => {
    open++;
    (message as { socket: Socket }).socket.once('close', () => open--);
  });
  return { open: () => open };
}
