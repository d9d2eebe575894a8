import { fc, test as prop } from '@fast-check/vitest';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type ChaosOptions, type ChaosRules, chaos } from '../../src/chaos/index.ts';
import { createFetch, NetworkError, responseInfo } from '../../src/index.ts';
import { seededRandom } from '../../src/testing/index.ts';
import { settled } from '../../src/testing/virtual-clock.ts';
import { type Harness, harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { withinMicrotasks } from '../support/settling.ts';

afterEach(() => vi.unstubAllEnvs());

/** What strikes each of so many calls, to a service that is well. */
async function striking(rules: ChaosRules, calls: number, random = seededRandom(7)): Promise<string[]> {
  const told: string[] = [];
  const fetch = createFetch({
    fetch: async () => new Response('well'),
    random,
    retry: false,
    circuitBreaker: false,
    hostPause: false,
    policies: [chaos(rules)],
    observe: event => event.type === 'chaos' && told.push(`${event.call.method} ${event.faults}`),
  });
  const struck: string[] = [];
  for (let call = 0; call < calls; call++) {
    await fetch(url)
      .then(response => response.text())
      .catch(() => {});
    struck.push(told.splice(0).join());
  }
  return struck;
}

describe('how often', () => {
  test('never at a rate of 0, always at a rate of 1', async () => {
    expect(await striking({ rate: 0, faults: [{ type: 'refused' }] }, 20)).toEqual(Array(20).fill(''));
    expect(await striking({ rate: 1, faults: [{ type: 'dns' }] }, 3)).toEqual(Array(3).fill('GET dns'));
  });

  test('a fault with a rate of its own does not ask for that of the rest', async () => {
    const rules: ChaosRules = { rate: 0, faults: [{ type: 'refused' }, { type: 'dns', rate: 1 }] };
    expect(await striking(rules, 1)).toEqual(['GET dns']);
  });

  test('about as often as the rate says', async () => {
    const struck = await striking({ rate: 0.2, seed: 1, faults: [{ type: 'refused' }] }, 1_000);
    const share = struck.filter(Boolean).length / 1_000;
    expect(Math.abs(share - 0.2)).toBeLessThan(0.04);
  });

  const fault = fc.oneof(
    fc.record({ type: fc.constant('latency' as const), delayMs: fc.constant(0), maxDelayMs: fc.constant(0) }),
    fc.record({ type: fc.constant('refused' as const), rate: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ type: fc.constantFrom('dns' as const, 'reset' as const, 'corrupt' as const) }),
  );

  prop.prop(
    [
      fc.integer(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fault, { minLength: 1, maxLength: 4 }),
    ],
    {
      numRuns: 50,
    },
  )(
    'the same seed and the same attempts give the same faults, whatever chance the fetch has',
    async (seed, rate, faults) => {
      const rules = { seed, rate, faults };
      expect(await striking(rules, 20, seededRandom(1))).toEqual(await striking(rules, 20, seededRandom(2)));
    },
  );

  test('a range of latency is drawn evenly from its bounds', async () => {
    const faults = chaos({ faults: [{ type: 'latency', delayMs: 100, maxDelayMs: 300 }] });
    const { fetch, clock, transport } = harness({ policies: [faults], random: () => 0.5 });
    fetch(url).catch(() => {});
    await clock.advance(199);
    await transport.expectNone();
    await clock.advance(1);
    expect((await transport.next()).number).toBe(1);
  });
});

describe('where', () => {
  /** Whether a request meets a fault under the rules. */
  async function meets(
    rules: Omit<ChaosRules, 'faults'>,
    href: string,
    init?: RequestInit,
  ): Promise<boolean> {
    const struck: unknown[] = [];
    const fetch = createFetch({
      fetch: async () => new Response(),
      policies: [chaos({ ...rules, faults: [{ type: 'latency', delayMs: 0 }] })],
      observe: event => event.type === 'chaos' && struck.push(event),
    });
    await fetch(href, init);
    return struck.length > 0;
  }

  test.each<[string, Omit<ChaosRules, 'faults'>, string, RequestInit | undefined, boolean]>([
    ['a host', { hosts: ['a.test'] }, 'https://a.test/', undefined, true],
    ['another host', { hosts: ['a.test'] }, 'https://b.test/', undefined, false],
    ['one of several', { hosts: ['a.test', '*.b.test'] }, 'https://x.b.test/', undefined, true],
    ['a method', { methods: ['post'] }, 'https://a.test/', { method: 'POST' }, true],
    ['another method', { methods: ['POST'] }, 'https://a.test/', undefined, false],
    ['a path', { paths: ['/v1/charges'] }, 'https://a.test/v1/charges?limit=1', undefined, true],
    ['a path below', { paths: ['/v1/charges'] }, 'https://a.test/v1/charges/42', undefined, false],
    ['a path with *', { paths: ['/v1/*/lines'] }, 'https://a.test/v1/charges/42/lines', undefined, true],
    ['a path with a dot', { paths: ['/a.b'] }, 'https://a.test/axb', undefined, false],
    ['a header', { header: 'X-Chaos' }, 'https://a.test/', { headers: { 'x-chaos': '' } }, true],
    ['no header', { header: 'X-Chaos' }, 'https://a.test/', { headers: { other: 'yes' } }, false],
    ['all of it', { hosts: ['a.test'], methods: ['GET'] }, 'https://a.test/', undefined, true],
    ['not all of it', { hosts: ['a.test'], methods: ['PUT'] }, 'https://a.test/', undefined, false],
  ])('%s', async (_, rules, href, init, expected) => {
    expect(await meets(rules, href, init)).toBe(expected);
  });

  test('a fault of its own scope stays in it', async () => {
    const faults = chaos({ hosts: ['*.test'], faults: [{ type: 'refused', methods: ['POST'] }] });
    const { fetch, transport } = harness({ retry: false, policies: [faults] });
    await rejection(NetworkError, fetch(url, { method: 'POST' }));
    const call = fetch(url);
    (await transport.next()).respond();
    await call;
  });

  test.each([
    true,
    false,
  ])('the header that asks for faults reaches no service (enabled: %s)', async enabled => {
    const faults = chaos({ enabled, faults: [{ type: 'latency', delayMs: 0, header: 'X-Chaos' }] });
    const { fetch, transport } = harness({ policies: [faults] });
    fetch(url, {
      headers: [
        ['X-Chaos', '1'],
        ['X-Other', '2'],
      ],
    });
    fetch(new Request(url, { headers: { 'X-Chaos': '1', 'X-Other': '2' } }));
    for (let attempt = 0; attempt < 2; attempt++) {
      const { request } = await transport.next();
      expect(request.headers.has('x-chaos')).toBe(false);
      expect(request.headers.get('x-other')).toBe('2');
    }
  });

  test('every attempt of a call that asks for faults meets them', async () => {
    const faults = chaos({ header: 'X-Chaos', faults: [{ type: 'refused' }] });
    const { fetch } = harness({ policies: [faults] });
    const error = await rejection(NetworkError, fetch(url, { headers: { 'X-Chaos': 'yes' } }));
    expect(error.attempts.map(attempt => attempt.chaos)).toEqual(Array(3).fill(['refused']));
  });
});

describe('does not start in production', () => {
  const faults: ChaosOptions = { faults: [{ type: 'refused' }] };

  test('by NODE_ENV', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(() => chaos(faults)).toThrow(
      'chaos() makes calls fail on purpose and does not start in production: NODE_ENV is "production". ' +
        'Leave it out there, name another `environment`, or set `allowInProduction: true` if it is meant.',
    );
    expect(() => chaos({ ...faults, enabled: false })).toThrow(TypeError);
  });

  test.each(['production', 'Production', 'prod'])('by environment: %s', environment => {
    expect(() => chaos({ ...faults, environment })).toThrow('`environment` is');
  });

  test('unless told so', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(chaos({ ...faults, allowInProduction: true }).enabled).toBe(true);
    expect(chaos({ ...faults, environment: 'staging' }).enabled).toBe(true);
  });
});

describe('while calls are under way,', () => {
  function running(options: ChaosOptions): Harness & { readonly faults: ReturnType<typeof chaos> } {
    const faults = chaos(options);
    return { faults, ...harness({ retry: false, policies: [faults] }) };
  }

  test('switching off lets go of what is held up, and it goes on as if nothing had been', async () => {
    const { faults, fetch, transport, clock } = running({
      faults: [{ type: 'latency', delayMs: 1_000 }, { type: 'black-hole' }],
    });
    const call = fetch(url);
    await clock.advance(500);
    faults.enabled = false;
    (await transport.next()).respond(new Response('well'));
    expect(await (await call).text()).toBe('well');
    expect(responseInfo(await call)?.attempts).toMatchObject([{ durationMs: 500 }]);
    expect(clock.pending).toBe(0);
  });

  test('switching off lets the rest of a body come', async () => {
    const { faults, fetch, transport, clock } = running({
      faults: [
        { type: 'slow-body', bytesPerSecond: 1 },
        { type: 'truncate', afterBytes: 5 },
      ],
    });
    const call = fetch(url);
    (await transport.next()).respond(new Response('0123456789'));
    const text = (await call).text();
    await clock.advance(2_500);
    faults.enabled = false;
    expect(await text).toBe('0123456789');
  });

  test('switching off in the middle of a lost answer finds it again', async () => {
    const { faults, fetch, transport } = running({ faults: [{ type: 'reset', when: 'after' }] });
    const call = fetch(url);
    const attempt = await transport.next();
    faults.enabled = false;
    attempt.respond(new Response('well'));
    expect(await (await call).text()).toBe('well');
  });

  test('it is switched off and on again', async () => {
    const { faults, fetch, transport } = running({ enabled: false, faults: [{ type: 'refused' }] });
    const call = fetch(url);
    (await transport.next()).respond();
    await call;
    faults.enabled = true;
    await rejection(NetworkError, fetch(url));
  });

  test('other rules take the place of all the present ones, and let go as well', async () => {
    const { faults, fetch, transport } = running({
      hosts: ['payments.test'],
      faults: [{ type: 'black-hole' }],
    });
    const held = fetch(url);
    await settled();
    expect(await withinMicrotasks(held)).toEqual({ state: 'pending' });
    faults.update({ faults: [{ type: 'dns' }] });
    (await transport.next()).respond();
    await held;
    expect(await rejection(NetworkError, fetch('https://other.test/'))).toMatchObject({
      reason: 'ENOTFOUND',
    });
  });

  test('rules that will not do leave the present ones', async () => {
    const { faults, fetch } = running({ faults: [{ type: 'dns' }] });
    expect(() => faults.update({ faults: [{ type: 'status', status: 99 }] })).toThrow(RangeError);
    expect(await rejection(NetworkError, fetch(url))).toMatchObject({ reason: 'ENOTFOUND' });
  });
});

test('two fetches may share it', async () => {
  const faults = chaos({ faults: [{ type: 'refused' }] });
  for (const { fetch } of [
    harness({ retry: false, policies: [faults] }),
    harness({ retry: false, policies: [faults] }),
  ])
    await rejection(NetworkError, fetch(url));
});

describe('says what is wrong with an option:', () => {
  const given = (options: unknown) => () => chaos(options as ChaosOptions);
  const faultOf = (fault: unknown) => given({ faults: [fault] });

  test.each<[unknown, string]>([
    [{}, "`faults` should be an array of faults such as { type: 'refused' }, got undefined."],
    [{ faults: 'refused' }, '`faults` should be an array, got "refused".'],
    [{ faults: [], rate: 2 }, '`rate` should be a number from 0 to 1, got 2.'],
    [{ faults: [], seed: 0.5 }, '`seed` should be a whole number'],
    [{ faults: [], hosts: ['a/b'] }, "'a/b' is not a host pattern"],
    [
      { faults: [], paths: ['charges'] },
      "`paths[0]` should be a path that begins with '/' or '*', got \"charges\".",
    ],
    [{ faults: [], header: 'X Chaos' }, '`header` should be the name of a header, got "X Chaos".'],
    [{ faults: [], enable: true }, 'Unknown option `enable`. Did you mean `enabled`?'],
  ])('%o', (options, message) => {
    expect(given(options)).toThrow(message);
  });

  test.each<[unknown, string]>([
    [{ type: 'timeout' }, '`faults[0].type` should be one of "latency", "status", "refused"'],
    [{ type: 'latency' }, '`faults[0].delayMs` should be given for a fault of the type "latency".'],
    [
      { type: 'latency', delayMs: -1 },
      '`faults[0].delayMs` should be a number from 0 to 2147483647 (milliseconds)',
    ],
    [
      { type: 'latency', delayMs: 9, maxDelayMs: 8 },
      '`faults[0].delayMs` should be at most `faults[0].maxDelayMs` (8)',
    ],
    [{ type: 'status', status: 99 }, '`faults[0].status` should be a whole number from 200 to 599, got 99.'],
    [
      { type: 'status', status: 204, body: 'x' },
      '`faults[0].body` cannot be sent with the status 204. Leave it out.',
    ],
    [
      { type: 'status', status: 503, headers: { 'a b': 'c' } },
      '`faults[0].headers` should be headers that can be sent',
    ],
    [{ type: 'reset', when: 'during' }, '`faults[0].when` should be one of "before", "after", got "during".'],
    [
      { type: 'truncate', afterBytes: 1.5 },
      '`faults[0].afterBytes` should be a whole number of at least 0, got 1.5.',
    ],
    [{ type: 'slow-body' }, '`faults[0].bytesPerSecond` should be given'],
    [{ type: 'refused', delayMs: 5 }, 'Unknown option `faults[0].delayMs`'],
    [{ type: 'refused', rate: -1 }, '`faults[0].rate` should be a number from 0 to 1, got -1.'],
  ])('of a fault %o', (fault, message) => {
    expect(faultOf(fault)).toThrow(message);
  });
});
