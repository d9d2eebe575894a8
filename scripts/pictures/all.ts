/** Every picture of the docs, by its file in `docs/pictures/`. */
import { readFileSync } from 'node:fs';
import { circuitStates } from './circuit-states.ts';
import { costPicture } from './cost.ts';
import { pipelinePicture } from './pipeline.ts';
import { attemptsPicture, goodputPicture } from './storms.ts';
import { timeline } from './timeline.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

export async function pictures(): Promise<Record<string, string>> {
  const storms = JSON.parse(read('docs/pictures/storms.json'));
  return {
    'circuit-states.svg': await circuitStates(),
    'cpu-per-request.svg': costPicture(read('bench/README.md')),
    'pipeline.svg': pipelinePicture(),
    'storm-attempts.svg': attemptsPicture(storms),
    'storm-goodput.svg': goodputPicture(storms),
    'timeline.svg': await timeline(),
  };
}
