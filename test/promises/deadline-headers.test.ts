import { describe, expect, test } from 'vitest';
import { createFetch, deadlineFrom, responseInfo, TimeoutError, withDeadline } from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';

const timeoutHeader = 'x-envoy-expected-rq-timeout-ms';
const attemptHeader = 'x-envoy-attempt-count';

describe('deadlineHeaders', () => {
  test('say with each attempt what is left at that instant, and which it is', async () => {
    const { fetch, transport, clock } = harness({
      deadlineHeaders: {},
      totalTimeoutMs: 5_000,
      retry: { baseDelayMs: 300, jitter: 'none' },
    });
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(700);
    first.respond(statusResponse(503));
    await clock.advance(300);
    const second = await transport.next();
    second.respond();
    await call;
    const said = [first, second].map(({ request: { headers } }) => [
      headers.get(timeoutHeader),
      headers.get(attemptHeader),
    ]);
    expect(said).toEqual([
      ['5000', '1'],
      ['4000', '2'],
    ]);
  });

  test('are not sent unless asked for', async () => {
    const transport = answering(200);
    await createFetch({ fetch: transport })(url);
    expect([...transport.requests[0]!.headers.keys()]).toEqual([]);
  });

  test('keep what else the call carries, and replace what it carries on from another', async () => {
    const transport = answering(200);
    const fetch = createFetch({ fetch: transport, deadlineHeaders: {}, totalTimeoutMs: false });
    const headers = { [timeoutHeader]: '99999', [attemptHeader]: '7', 'x-request-id': 'a1' };
    await fetch(new Request(url, { headers }));
    await fetch(url, { headers });
    for (const request of transport.requests)
      expect(Object.fromEntries(request.headers)).toEqual({ [attemptHeader]: '1', 'x-request-id': 'a1' });
  });

  test('have the names that are given, each or none', async () => {
    const transport = answering(200);
    const fetch = createFetch({
      fetch: transport,
      totalTimeoutMs: 1_000.9,
      clock: virtualClock(),
      deadlineHeaders: { timeoutHeader: 'X-Time-Left', attemptHeader: false },
    });
    await fetch(url);
    expect(Object.fromEntries(transport.requests[0]!.headers)).toEqual({ 'x-time-left': '1000' });
  });

  test('of a nested call say what is left of the outer one', async () => {
    const transport = answering(200);
    const clock = virtualClock();
    const inner = createFetch({ fetch: transport, clock, deadlineHeaders: {} });
    const outer = createFetch({ fetch: (input, init) => inner(input, init), clock, totalTimeoutMs: 800 });
    await outer(url);
    expect(transport.requests[0]!.headers.get(timeoutHeader)).toBe('800');
  });

  test.each([
    [{ timeoutHeader: 'no name' }, '`deadlineHeaders.timeoutHeader` should be the name of a header'],
    [{ attemptHeader: 3 }, '`deadlineHeaders.attemptHeader` should be the name of a header, got 3.'],
    [{ header: 'x' }, 'Unknown option `deadlineHeaders.header`.'],
  ])('are refused as %o', (deadlineHeaders, message) => {
    expect(() => createFetch({ deadlineHeaders } as never)).toThrow(message);
  });
});

describe('deadlineFrom', () => {
  const clock = virtualClock();
  const of = (value: string) => deadlineFrom(new Headers({ [timeoutHeader]: value }), { clock });

  test.each([
    ['0', 0],
    ['1500', 1_500],
    [' 20 ', 20],
    ['007', 7],
    ['999999999999999', 2_147_483_647],
  ])('reads %o', (value, expected) => {
    expect(of(value)?.remainingMs).toBe(expected);
  });

  test.each([
    '',
    '-1',
    '+5',
    '1.5',
    '1e3',
    '0x10',
    '5s',
    'soon',
    '1, 2',
    '9'.repeat(400),
    'NaN',
    'Infinity',
  ])('ignores %o', value => {
    expect(of(value)).toBeUndefined();
  });

  test('counts down from when it was read, by its own clock', async () => {
    const clock = virtualClock();
    const deadline = deadlineFrom({ [timeoutHeader]: '1000' }, { clock })!;
    await clock.advance(300);
    expect(deadline.remainingMs).toBe(700);
    await clock.advance(5_000);
    expect(deadline.remainingMs).toBe(0);
  });

  test.each([
    ['a Headers', new Headers({ [timeoutHeader]: '10', [attemptHeader]: '2' }), 2],
    ['those of node:http', { [timeoutHeader]: '10', [attemptHeader]: '2' }, 2],
    ['those of a function in a cloud', { 'X-Envoy-Expected-Rq-Timeout-Ms': '10' }, undefined],
    ['an attempt that is none', { [timeoutHeader]: '10', [attemptHeader]: '0' }, undefined],
  ])('reads %s', (_, headers, attempt) => {
    expect(deadlineFrom(headers as never)).toMatchObject({ attempt });
  });

  test.each([
    {},
    { [timeoutHeader]: ['10', '20'] },
    { [timeoutHeader]: undefined },
  ])('finds none in %o', headers => {
    expect(deadlineFrom(headers)).toBeUndefined();
  });

  test('gives a signal that aborts when the time is up, and keeps no timer before it is asked for', async () => {
    const clock = virtualClock();
    const deadline = deadlineFrom({ [timeoutHeader]: '1000' }, { clock })!;
    expect(clock.pending).toBe(0);
    const { signal } = deadline;
    await clock.advance(999);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
    expect(deadline.signal).toBe(signal);
    expect(clock.pending).toBe(0);
  });

  test('a call with that signal keeps to it, in a runtime without an async context too', async () => {
    const { fetch, transport, clock } = harness({ deadlineHeaders: {} });
    const deadline = deadlineFrom({ [timeoutHeader]: '400' }, { clock });
    const call = fetch(url, { signal: deadline!.signal });
    const attempt = await transport.next();
    expect(attempt.request.headers.get(timeoutHeader)).toBe('400');
    attempt.respond();
    expect(responseInfo(await call)?.outer).toEqual({ method: undefined, host: undefined });
  });
});

describe('withDeadline', () => {
  test('ends every call within by the deadline of the request, and says so', async () => {
    const { fetch, transport, clock } = harness({ retry: false });
    const serving = withDeadline({ [timeoutHeader]: '400' }, () => rejection(TimeoutError, fetch(url)), {
      clock,
    });
    const attempt = await transport.next();
    await clock.advance(400);
    expect(attempt.signal.aborted).toBe(true);
    const error = await serving;
    expect(error).toMatchObject({ scope: 'outer', limitMs: 400 });
    expect(error.message).toContain(
      'not finished within the 400 ms that were left of the request that it serves',
    );
    expect(clock.pending).toBe(0);
  });

  test('sends nothing when there is no time left', async () => {
    const { fetch, transport, clock } = harness();
    const error = await withDeadline({ [timeoutHeader]: '0' }, () => rejection(TimeoutError, fetch(url)), {
      clock,
    });
    expect(error).toMatchObject({ scope: 'outer', limitMs: 0, attempts: [] });
    await transport.expectNone();
    expect(clock.pending).toBe(0);
  });

  test('a shorter timeout of the call stays', async () => {
    const { fetch, clock } = harness({ totalTimeoutMs: 100, retry: false });
    const serving = withDeadline({ [timeoutHeader]: '400' }, () => rejection(TimeoutError, fetch(url)), {
      clock,
    });
    await clock.advance(100);
    expect(await serving).toMatchObject({ scope: 'total', limitMs: 100 });
  });

  test('leaves work on its own that goes on after the answer', async () => {
    const { fetch, transport, clock } = harness({ attemptTimeoutMs: false });
    let background: Promise<Response> | undefined;
    await withDeadline(
      { [timeoutHeader]: '400' },
      async () => {
        background = fetch(url);
      },
      { clock },
    );
    const attempt = await transport.next();
    await clock.advance(10_000);
    attempt.respond();
    expect((await background)?.status).toBe(200);
  });

  test('holds a middleware that returns nothing to it all along', async () => {
    const { fetch, clock } = harness({ retry: false });
    let call: Promise<TimeoutError> | undefined;
    const next = () => {
      call = rejection(TimeoutError, fetch(url));
    };
    withDeadline({ [timeoutHeader]: '400' }, next, { clock });
    await clock.advance(400);
    expect(await call).toMatchObject({ scope: 'outer' });
  });

  test('serves as before a request that says nothing', async () => {
    expect(withDeadline({}, deadline => deadline ?? 'none')).toBe('none');
  });

  test('hands on what the handler throws or returns', async () => {
    const failing = withDeadline({ [timeoutHeader]: '400' }, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(withDeadline({ [timeoutHeader]: '400' }, () => 7)).toBe(7);
  });

  test('a call that stands on its own does not heed it', async () => {
    const { fetch, transport, clock } = harness();
    const call = withDeadline(
      { [timeoutHeader]: '0' },
      () => fetch(url, { policy: { nestedGuard: false } }),
      { clock },
    );
    (await transport.next()).respond();
    expect((await call).status).toBe(200);
  });
});
