/**
 * For tests of code that calls a service with a contract: the service, made of its contract by
 * {@link https://mswjs.io | msw}.
 *
 * @module holdfast/testing/msw
 */
export type { AnswerOf, MockEvent, Sequence } from './answer.ts';
export type { MockExamples } from './examples.ts';
export { type Faults, faults } from './faults.ts';
export type { Answering, Mock, ReceivedRequest } from './mock.ts';
export { type MockControl, type MockHandlers, type MockOptions, mockHandlers } from './mock-handlers.ts';
export type { RefusedRequest } from './mocked-endpoint.ts';
export type { Mismatch } from './request-reader.ts';
