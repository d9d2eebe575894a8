/** Which tests run where. */
import { globSync } from 'node:fs';

/** Run in every runtime, over its own fetch and a real socket. */
export const socketSuites: readonly string[] = [
  'test/runtimes/suite/fetch.suite.ts',
  'test/runtimes/suite/doors.suite.ts',
];

/**
 * Of the ordinary tests those that stand in virtual time and say what a runtime can change. Left out is what is about
 * files, programs, msw's interceptors and telemetry's SDKs, which are Node's; and what is the same anywhere.
 */
export function virtualTests(): string[] {
  const folders = 'test/{hosts,oauth2,pipeline}/*.test.ts';
  const policies = 'test/policies/{bulkhead,fallback,rate-limit}.test.ts';
  const promises =
    'test/promises/{buffered-bodies,cancellation,circuit-breaker,classification,deadline-headers,endpoints,options,repeatable-calls,secrets,slow-calls,throttle}.test.ts';
  const testing = 'test/testing/{expectations,made-data,recorder,scripted-transport,virtual-clock}.test.ts';
  return globSync([folders, policies, promises, testing]).sort();
}

/**
 * What other versions of Node run with vitest: what a runtime can change. Of the transport over undici that is how it ends
 * and what it says of failures; whether it does what `fetch` does is asked of the Node that has the undici of the package.
 */
export const ofNode: readonly string[] = [
  'test/promises',
  'test/pipeline',
  'test/composition',
  'test/client',
  ...globSync('test/integration/*.test.ts'),
  ...globSync(
    'test/integration/undici/{body-ends,dropped-responses,missing,phases,proxy,released,stale-connections,tls}.test.ts',
  ),
];

export interface Skip {
  readonly runtimes: readonly string[];
  readonly file: string;
  /** Part of the test's name; without one, the whole file. */
  readonly name?: string;
  readonly why: string;
}

const ownStreams = 'a body that a program made fails with an error of the runtime, not with its own';
const cancels = 'Readable.fromWeb() cancels what has failed, and the end of the body is told as that';
const noContext = 'there is no async context';
const uncoded = 'no failure has a code, and a cause is what the network did';
const takesMore = 'its Request takes what others refuse';

export const skips: readonly Skip[] = [
  {
    runtimes: ['node-26'],
    file: 'response-body',
    name: 'half-way fails the reading with a TypeError, read by Readable.fromWeb()',
    why: cancels,
  },
  {
    runtimes: ['bun', 'workerd'],
    file: 'circuit-breaker',
    name: 'arguments that fetch refuses',
    why: takesMore,
  },
  {
    runtimes: ['bun', 'workerd'],
    file: 'scripted-transport',
    name: 'arguments that fetch refuses',
    why: takesMore,
  },
  {
    runtimes: ['bun'],
    file: 'buffered-bodies',
    name: 'what is no bytes is for fetch to refuse',
    why: takesMore,
  },
  {
    runtimes: ['node-22-first'],
    file: 'deadline-headers',
    name: 'ends every call within by the deadline of the request',
    why: noContext,
  },
  {
    runtimes: ['node-22-first'],
    file: 'deadline-headers',
    name: 'sends nothing when there is no time left',
    why: noContext,
  },
  {
    runtimes: ['node-22-first'],
    file: 'deadline-headers',
    name: 'holds a middleware that returns nothing',
    why: noContext,
  },
  { runtimes: ['bun'], file: 'scripted-transport', name: 'the body of a Request is taken', why: 'it is not' },
  {
    runtimes: ['bun'],
    file: 'secrets',
    name: 'are taken off on the way',
    why: 'a string body has no content-type',
  },
  {
    runtimes: ['bun'],
    file: 'host-pattern',
    name: 'is matched by itself',
    why: 'its URL spells IPv6 otherwise',
  },
  { runtimes: ['deno'], file: 'branch', name: 'cannot be extended', why: 'its signals have to be extended' },
  { runtimes: ['deno'], file: 'classification', name: 'fetch refuses without a code', why: uncoded },
  { runtimes: ['deno'], file: 'classification', name: 'a refusal after the server', why: uncoded },
  { runtimes: ['workerd', 'chromium'], file: 'deadline-headers', name: 'withDeadline', why: noContext },
  {
    runtimes: ['node-22-first', 'workerd', 'chromium'],
    file: 'fallback',
    name: 'not asked again: after a while',
    why: noContext,
  },
  {
    runtimes: ['node-22-first', 'workerd', 'chromium'],
    file: 'fallback',
    name: 'where there is no async context',
    why: 'it takes the async context away, and there is none',
  },
  { runtimes: ['workerd'], file: 'secrets', name: 'in the mode error', why: 'workerd has no such mode' },
  {
    runtimes: ['workerd', 'chromium'],
    file: 'expectations',
    name: 'node:assert',
    why: 'there is no such module',
  },
  {
    runtimes: ['chromium'],
    file: 'secrets',
    name: 'do not follow a redirect',
    why: 'the browser follows, not we',
  },
  { runtimes: ['chromium'], file: 'expectations', name: 'can do the same', why: ownStreams },
  {
    runtimes: ['chromium'],
    file: 'scripted-transport',
    name: 'arguments that fetch refuses',
    why: takesMore,
  },
  { runtimes: ['chromium'], file: 'scripted-transport', name: 'breaks', why: ownStreams },
  { runtimes: ['chromium'], file: 'client-credentials', name: 'a body that', why: ownStreams },
  { runtimes: ['chromium'], file: 'cancellation', name: 'while the body is read', why: ownStreams },
  {
    runtimes: ['chromium'],
    file: 'bulkhead',
    name: 'in the moment of its turn',
    why: 'a task of the browser comes in between',
  },
];
