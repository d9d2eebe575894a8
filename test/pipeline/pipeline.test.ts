import { describe, expect, test } from 'vitest';
import { type Call, type Handler, type Policy, pipeline } from '../../src/index.ts';

const call = { attempt: 1 } as Call;

/** A policy that writes down when a call comes down through it and when its answer goes up. */
const tracing =
  (name: string, trace: string[]): Policy =>
  async (given, next) => {
    trace.push(`${name} down`);
    const response = await next(given);
    trace.push(`${name} up`);
    return response;
  };

describe('pipeline()', () => {
  test('stacks policies on a transport, the first outermost', async () => {
    const trace: string[] = [];
    const transport: Handler = async () => {
      trace.push('transport');
      return new Response();
    };
    await pipeline([tracing('a', trace), tracing('b', trace)], transport)(call);
    expect(trace).toEqual(['a down', 'b down', 'transport', 'b up', 'a up']);
  });

  test('of no policies is the transport', async () => {
    const response = new Response();
    expect(await pipeline([], async () => response)(call)).toBe(response);
  });

  test('hands each policy the call that the one outside it handed on', async () => {
    const numbers: number[] = [];
    const counting: Policy = (given, next) => {
      numbers.push(given.attempt);
      return next({ ...given, attempt: given.attempt + 1 });
    };
    await pipeline([counting, counting, counting], async given => {
      numbers.push(given.attempt);
      return new Response();
    })(call);
    expect(numbers).toEqual([1, 2, 3, 4]);
    expect(call.attempt).toBe(1);
  });

  test.each([
    ['never', async () => new Response(), 0],
    ['again', async (given: Call, next: Handler) => (await next(given)) && next(given), 2],
    ['twice at once', (given: Call, next: Handler) => Promise.race([next(given), next(given)]), 2],
  ])('lets a policy call the rest %s', async (_, policy, times) => {
    let sent = 0;
    const transport: Handler = async () => {
      sent++;
      return new Response();
    };
    await pipeline([policy], transport)(call);
    expect(sent).toBe(times);
  });

  test('can be sent through many times, and by many calls at once', async () => {
    const send = pipeline([(given, next) => next(given)], async given => new Response(String(given.attempt)));
    const attempts = [1, 2, 3];
    const responses = await Promise.all(attempts.map(attempt => send({ ...call, attempt })));
    expect(await Promise.all(responses.map(response => response.text()))).toEqual(['1', '2', '3']);
  });
});
