/** Which tests run where. */
import { globSync } from 'node:fs';

/** Run in every runtime, over its own fetch and a real socket. */
export const socketSuites: readonly string[] = [
  'test/runtimes/suite/fetch.suite.ts',
  'test/runtimes/suite/doors.suite.ts',
];

/**
 * Of the ordinary tests those that stand in virtual time. Left out: what is about files, programs, msw's interceptors and
 * telemetry's SDKs, which are Node's; and what tries many thousand cases of a pure function, which is the same anywhere.
 */
export function virtualTests(): string[] {
  const folders = ['chaos', 'check', 'composition', 'contract', 'hosts', 'http', 'oauth2', 'pipeline', 'policies', 'promises', 'testing'];
  const left = [
    '-model.test.ts',
    'check/command',
    'check/figures-hold',
    'contract/auth',
    'contract/characters',
    'contract/definition',
    'contract/editor',
    'contract/lazy-schema',
    'contract/pages',
    'contract/parameter-style',
    'contract/to-openapi',
    'composition/nested-calls',
    'http/body-lease',
    'http/reason-phrase',
    'promises/all-at-once',
    'promises/manners',
    'promises/overload',
    'testing/mock-handlers',
    'testing/msw-faults',
  ];
  return globSync(`test/{${folders.join(',')}}/*.test.ts`)
    .filter(file => !left.some(part => file.includes(part)))
    .sort();
}

/** What other versions of Node run with vitest: what a runtime can change, on virtual and on real sockets. */
export const ofNode: readonly string[] = [
  'test/promises',
  'test/pipeline',
  'test/composition',
  'test/client',
  'test/integration',
];

export interface Skip {
  readonly runtimes: readonly string[];
  readonly file: string;
  /** Part of the test's name; without one, the whole file. */
  readonly name?: string;
  readonly why: string;
}

export const skips: readonly Skip[] = [];

export const isSkipped = (runtime: string, file: string, name: string): boolean =>
  skips.some(
    skip => skip.runtimes.includes(runtime) && file.includes(skip.file) && name.includes(skip.name ?? ''),
  );
