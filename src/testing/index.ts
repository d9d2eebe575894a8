/**
 * For tests of code that uses `holdfast`: time that stands still, chance that is given, and a transport to talk to.
 *
 * @module holdfast/testing
 */
export { brokenBody, type Chunk, type SlowBody, slowBody, stalledBody } from './bodies.ts';
export { expectAttempts } from './expect-attempts.ts';
export type { Answering, Expectation } from './expectation.ts';
export type { ExpectedRequest } from './expected-request.ts';
export { bodyError, networkError } from './network-error.ts';
export { type EventOf, type Recorder, recorder } from './recorder.ts';
export {
  type ScriptedAttempt,
  type ScriptedTransport,
  type ScriptedTransportOptions,
  scriptedTransport,
} from './scripted-transport.ts';
export { seededRandom } from './seeded-random.ts';
export { type TestFetch, type TestFetchOptions, testFetch } from './test-fetch.ts';
export { type VirtualClock, type VirtualClockOptions, virtualClock } from './virtual-clock.ts';
