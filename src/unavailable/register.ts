/** `holdfast/register` where it cannot work. */
import { unavailable } from './unavailable.ts';

unavailable(
  'holdfast/register',
  'it is what node --import loads before a program',
  'Put one in the place of fetch yourself: globalThis.fetch = createFetch().',
);
