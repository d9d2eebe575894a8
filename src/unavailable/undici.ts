/** `holdfast/undici` where it cannot work. */
import { unavailable } from './unavailable.ts';

export const undici: never = unavailable(
  'holdfast/undici',
  'it stands on the package undici and the sockets of Node',
  'Leave the transport out: createFetch() sends with the fetch of the runtime.',
);
export const AddressDeniedError: never = undici;
export const ProxyRefusedError: never = undici;
