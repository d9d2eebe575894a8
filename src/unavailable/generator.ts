/** `holdfast/generator` where it cannot work. */
import { unavailable } from './unavailable.ts';

export const generate: never = unavailable(
  'holdfast/generator',
  'it reads and writes files and is for build time',
  'Generate on Node, with npx holdfast generate, and import the module that it writes.',
);
export const GenerationError: never = generate;
export const defineConfig: never = generate;
export const diff: never = generate;
export const problemText: never = generate;
export const verify: never = generate;
