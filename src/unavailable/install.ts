/** `holdfast/install` where it cannot work. */
import { unavailable } from './unavailable.ts';

export const install: never = unavailable(
  'holdfast/install',
  'it replaces the fetch of a Node program',
  'Put one in its place yourself: globalThis.fetch = createFetch().',
);
export const uninstall: never = install;
