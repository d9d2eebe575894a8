import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type NetworkError, responseInfo } from '../../src/index.ts';
import { networkError, type ScriptedAttempt } from '../../src/testing/index.ts';
import { settled } from '../../src/testing/virtual-clock.ts';
import { harness } from '../support/harness.ts';

/**
 * What should become of identical calls, in the simplest words: a request per resource that waits for its headers, and
 * those who wait for it. The client is compared with it after every step of a random life.
 */

type Step =
  | { readonly kind: 'join'; readonly resource: number }
  | { readonly kind: 'abort'; readonly caller: number }
  | { readonly kind: 'answer'; readonly resource: number; readonly chunks: number }
  | { readonly kind: 'fail'; readonly resource: number }
  | { readonly kind: 'read'; readonly caller: number }
  | { readonly kind: 'cancel'; readonly caller: number }
  | { readonly kind: 'close-body'; readonly request: number };

const resources = 2;
const index = fc.nat({ max: 20 });
const resource = fc.nat({ max: resources - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('join' as const), resource }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort' as const), caller: index }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), resource, chunks: fc.nat({ max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), resource }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), caller: index }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), caller: index }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('close-body' as const), request: index }) },
);

interface Request {
  readonly attempt: ScriptedAttempt;
  readonly callers: Set<Caller>;
  state: 'waiting' | 'body' | 'over' | 'cancelled';
  isCancelledOnWire: () => boolean;
  finish: () => void;
  readonly bytes: number[];
}

interface Caller {
  readonly controller: AbortController;
  readonly reason: object;
  readonly request: Request;
  state: 'waiting' | 'answered' | 'gone' | 'failed';
  settled: { response?: Response; error?: unknown };
  reading: Promise<number[] | { error: unknown }> | undefined;
}

async function live(steps: readonly Step[]): Promise<void> {
  const { fetch, transport } = harness({
    coalesce: true,
    retry: false,
    circuitBreaker: false,
    leaseMs: Infinity,
  });
  const waiting = new Map<number, Request>();
  const requests: Request[] = [];
  const callers: Caller[] = [];

  const leave = (caller: Caller) => {
    const { request } = caller;
    request.callers.delete(caller);
    if (request.callers.size > 0 || request.state === 'over') return;
    request.state = 'cancelled';
    for (const [key, other] of waiting) if (other === request) waiting.delete(key);
  };

  for (const step of steps) {
    switch (step.kind) {
      case 'join': {
        const controller = new AbortController();
        const call = fetch(`https://payments.test/${step.resource}`, { signal: controller.signal });
        let request = waiting.get(step.resource);
        if (!request) {
          const attempt = await transport.next();
          request = {
            attempt,
            callers: new Set(),
            state: 'waiting',
            isCancelledOnWire: () => attempt.signal.aborted,
            finish: () => {},
            bytes: [],
          };
          requests.push(request);
          waiting.set(step.resource, request);
        }
        await transport.expectNone();
        const caller: Caller = {
          controller,
          reason: { caller: callers.length },
          request,
          state: 'waiting',
          settled: {},
          reading: undefined,
        };
        call.then(
          response => {
            caller.settled.response = response;
          },
          error => {
            caller.settled.error = error;
          },
        );
        request.callers.add(caller);
        callers.push(caller);
        break;
      }
      case 'abort': {
        const caller = callers[step.caller];
        if (!caller || caller.state === 'gone' || caller.state === 'failed') break;
        const wasIn = caller.request.callers.has(caller);
        caller.controller.abort(caller.reason);
        if (wasIn) leave(caller);
        if (caller.state === 'waiting') caller.state = 'gone';
        break;
      }
      case 'answer': {
        const request = waiting.get(step.resource);
        if (!request) break;
        waiting.delete(step.resource);
        request.state = 'body';
        for (let chunk = 0; chunk < step.chunks; chunk++) request.bytes.push(chunk, requests.length);
        let isCancelled = false;
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            for (let at = 0; at < request.bytes.length; at += 2)
              controller.enqueue(new Uint8Array(request.bytes.slice(at, at + 2)));
            request.finish = () => {
              if (request.state !== 'body') return;
              request.state = 'over';
              controller.close();
            };
            // The body of a transport ends with its attempt, if it has not come whole: then there is nothing to cancel.
            const { signal } = request.attempt;
            signal.addEventListener('abort', () => {
              if (request.state === 'over') return;
              isCancelled = true;
              controller.error(signal.reason);
            });
          },
          cancel() {
            isCancelled = true;
          },
        });
        request.isCancelledOnWire = () => isCancelled;
        request.attempt.respond(new Response(body));
        for (const caller of request.callers) caller.state = 'answered';
        break;
      }
      case 'fail': {
        const request = waiting.get(step.resource);
        if (!request) break;
        waiting.delete(step.resource);
        request.state = 'over';
        request.attempt.fail(networkError('ECONNRESET'));
        for (const caller of request.callers) caller.state = 'failed';
        request.callers.clear();
        break;
      }
      case 'read': {
        const caller = callers[step.caller];
        if (caller?.state !== 'answered' || caller.reading || !caller.request.callers.has(caller)) break;
        caller.reading = caller.settled.response!.bytes().then(
          bytes => [...bytes],
          error => ({ error }),
        );
        break;
      }
      case 'cancel': {
        const caller = callers[step.caller];
        if (caller?.state !== 'answered' || caller.reading || !caller.request.callers.has(caller)) break;
        await caller.settled.response!.body!.cancel();
        leave(caller);
        break;
      }
      case 'close-body':
        requests[step.request]?.finish();
        break;
    }
    await settled();
    check();
  }

  function check(): void {
    for (const request of requests) {
      const shouldBeCancelled = request.state === 'cancelled';
      expect(request.isCancelledOnWire()).toBe(shouldBeCancelled);
    }
    for (const { state, settled, reason } of callers) {
      if (state === 'waiting') expect(settled).toEqual({});
      if (state === 'gone') expect(settled.error).toBe(reason);
      if (state === 'failed') expect((settled.error as NetworkError).reason).toBe('ECONNRESET');
      if (state === 'answered') expect(responseInfo(settled.response!)?.attempts).toHaveLength(1);
    }
  }

  for (const request of requests) request.finish();
  for (const caller of callers) {
    if (!caller.reading) continue;
    const read = await caller.reading;
    if (Array.isArray(read)) expect(read).toEqual(caller.request.bytes);
    else expect(read.error).toBe(caller.reason);
  }
  for (const [, request] of waiting) request.attempt.respond();
  await settled();
  // Nothing of all this can be joined any more.
  const before = transport.attempts.length;
  for (let each = 0; each < resources; each++) fetch(`https://payments.test/${each}`).catch(() => {});
  await settled();
  expect(transport.attempts).toHaveLength(before + resources);
}

test('identical calls, whatever happens: one request at a time, the right bytes or their own reason for each', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), live), { numRuns: 300 });
});
