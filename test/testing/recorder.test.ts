import { describe, expect, test } from 'vitest';
import { createFetch, NetworkError } from '../../src/index.ts';
import { expectAttempts, recorder, testFetch } from '../../src/testing/index.ts';
import { rejection } from '../support/rejection.ts';

const url = 'https://payments.test/charges';

/** A call that one retry saves. */
async function saved() {
  const world = testFetch({ retry: { jitter: 'none', baseDelayMs: 100 } });
  world.transport.expect().respond(new Response(null, { status: 503 }));
  world.transport.expect().respond(new Response(null, { status: 200 }));
  const call = world.fetch(url);
  await world.clock.advance(100);
  return { ...world, response: await call };
}

/** The message of what is thrown, which has to be a failed assertion. */
function complaint(work: () => void): string {
  try {
    work();
  } catch (error) {
    expect(error).toMatchObject({ name: 'AssertionError', code: 'ERR_ASSERTION' });
    return (error as Error).message;
  }
  return expect.unreachable('nothing was thrown');
}

describe('a recorder', () => {
  test('gives the events of a type, or the only one', async () => {
    const { events } = await saved();
    expect(events.of('attempt-end').map(({ status }) => status)).toEqual([503, 200]);
    expect(events.only('retry').delayMs).toBe(100);
    events.none('circuit');
  });

  test('tells the story', async () => {
    const { events } = await saved();
    expect(events.timeline()).toMatchInlineSnapshot(`
      "  0 ms    call-start     GET https://payments.test/charges
        0 ms    attempt-start  attempt=1
        0 ms    attempt-end    attempt=1 durationMs=0 outcome=transient sent=yes status=503
        0 ms    retry          attempt=1 delayMs=100 status=503
        100 ms  attempt-start  attempt=2
        100 ms  attempt-end    attempt=2 durationMs=0 outcome=success sent=yes status=200
        100 ms  call-end       durationMs=100 outcome=success status=200
        100 ms  body-end       durationMs=100 end=complete"
    `);
  });

  test('says what was heard when it was not what was expected', async () => {
    const { events } = await saved();
    expect(complaint(() => events.only('attempt-end'))).toContain(
      `Expected one event \`attempt-end\`, got 2. What was heard:\n${events.timeline()}`,
    );
    expect(complaint(() => events.none('retry'))).toContain('Expected no event `retry`, got 1.');
    events.clear();
    expect(complaint(() => events.only('retry'))).toBe(
      'Expected one event `retry`, got 0. What was heard:\n  nothing',
    );
  });

  test('tells calls apart, and does without a clock', async () => {
    const events = recorder();
    const fetch = createFetch({ fetch: async () => new Response(), observe: events });
    await fetch(`${url}/1`);
    await fetch(`${url}/2`);
    expect(events.timeline().split('\n')[0]).toBe(`  call 1  call-start     GET ${url}/1`);
    expect(events.timeline()).toContain(`  call 2  call-start     GET ${url}/2`);
  });
});

describe('expectAttempts', () => {
  test('looks at the attempts of a response, by the fields that are given', async () => {
    const { response, events } = await saved();
    const expected = [
      { status: 503, sent: 'yes', delayMs: 100, reason: 'retried' },
      { status: 200 },
    ] as const;
    expectAttempts(response, expected);
    expectAttempts(events.only('call-end').call, expected);
  });

  test('looks at those of an error', async () => {
    const { fetch, transport } = testFetch({ retry: false });
    transport.expect().fail('ECONNREFUSED');
    expectAttempts(await rejection(NetworkError, fetch(url)), [{ code: 'ECONNREFUSED', sent: 'no' }]);
  });

  test('says what is different, and tells the story', async () => {
    const { response } = await saved();
    const expected = [{ status: 503, delayMs: 200 }, { status: 200 }, { status: 200 }];
    expect(complaint(() => expectAttempts(response, expected))).toBe(
      [
        'The attempts are not as expected.',
        '  #1  delayMs: expected 200, got 100',
        '  #3  attempt: expected {"status":200}, got none',
        '',
        'GET https://payments.test/charges → 200 in 100 ms, 2 attempts',
        '  #1  at 0 ms    took 0 ms  transient 503    retried after 100 ms',
        '  #2  at 100 ms  took 0 ms  success 200',
      ].join('\n'),
    );
    expect(complaint(() => expectAttempts(response, [{ status: 503 }]))).toContain(
      '#2  attempt: expected none, got success 200',
    );
  });

  test('refuses what no call has ended with', () => {
    expect(complaint(() => expectAttempts(new Response(), []))).toContain('No call of a holdfast fetch');
    expect(complaint(() => expectAttempts(undefined, []))).toContain('No call of a holdfast fetch');
  });
});
