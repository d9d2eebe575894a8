/** `holdfast/policy-file` where it cannot work. */
import { unavailable } from './unavailable.ts';

export const loadPolicy: never = unavailable(
  'holdfast/policy-file',
  'it reads a file and watches it',
  'Give createFetch() the policy as an object: JSON can be imported, or fetched, and fetch.update() takes a new one.',
);
export const PolicyFileError: never = loadPolicy;
