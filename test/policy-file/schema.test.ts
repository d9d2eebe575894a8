import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { definePolicy, type PolicyOptions } from '../../src/index.ts';
import { bulkheadDefaults } from '../../src/policies/bulkhead/limits.ts';
import { cacheDefaults } from '../../src/policies/cache/options.ts';
import { circuitBreakerDefaults } from '../../src/policies/circuit-breaker/limits.ts';
import { coalesceDefaults } from '../../src/policies/coalesce/coalesce.ts';
import { concurrencyLimitDefaults } from '../../src/policies/concurrency-limit/limits.ts';
import { deadlineHeadersDefaults } from '../../src/policies/deadline-headers.ts';
import { fallbackDefaults } from '../../src/policies/fallback/options.ts';
import { hedgeDefaults } from '../../src/policies/hedge/options.ts';
import { hostPauseDefaults } from '../../src/policies/host-pause.ts';
import { policyDefaults } from '../../src/policies/policy-options.ts';
import { rateLimitDefaults } from '../../src/policies/rate-limit/limits.ts';
import { retryDefaults } from '../../src/policies/retry/rules.ts';
import { throttleDefaults } from '../../src/policies/throttle.ts';
import { jsonSchema, policyFileSchema } from '../../src/policy-file/schema.ts';

/** The parts of a policy, and a policy that sets one option of each. */
const parts: Readonly<Record<string, (options: object) => PolicyOptions>> = {
  '': options => options,
  fallback: options => ({
    fallback: ['value', 'call', 'answer', 'response'].some(name => name in options)
      ? options
      : { value: 1, ...options },
  }),
  coalesce: options => ({ coalesce: options }),
  retry: options => ({ retry: options }),
  'retry.budget': options => ({ retry: { budget: options } }),
  bulkhead: options => ({ bulkhead: options }),
  rateLimit: options => ({ rateLimit: options }),
  hedge: options => ({ hedge: options }),
  deadlineHeaders: options => ({ deadlineHeaders: options }),
  hostPause: options => ({ hostPause: options }),
  circuitBreaker: options => ({ circuitBreaker: options }),
  cache: options => ({ cache: options }),
};

/** What cannot stand in a file. */
const callbacks = [
  'fallback.answer',
  'fallback.response',
  'retry.shouldRetry',
  'retry.delayMs',
  'circuitBreaker.isFailure',
  'circuitBreaker.onStateChange',
];

function problemOf(policy: object): Error | undefined {
  try {
    definePolicy(policy as PolicyOptions);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** The names that the core's own checks know, as their message tells. */
function namesKnownToCore(part: string): string[] {
  const { message } = problemOf(parts[part]!({ '?': 1 })) ?? { message: '' };
  return (/Known here: (.*)\.$/.exec(message)?.[1] ?? '').split(', ');
}

const optionsKnownToCore = Object.keys(parts).flatMap(part =>
  namesKnownToCore(part).map(name => ({ part, name, path: part === '' ? name : `${part}.${name}` })),
);
const optionsOfFiles = optionsKnownToCore.filter(({ path }) => !callbacks.includes(path));

/** As a file writes it. */
const written = (value: unknown): unknown => {
  if (value === Number.POSITIVE_INFINITY) return 'Infinity';
  return Array.isArray(value) ? value.map(written) : value;
};

const doesInCore = (part: string, name: string, value: unknown) =>
  problemOf(parts[part]!({ [name]: value })) === undefined;
const doesInFile = (part: string, name: string, value: unknown) =>
  policyFileSchema.safeParse(parts[part]!({ [name]: written(value) })).success;

/** On both sides of every bound, and of every type. */
const probes: unknown[] = [
  ...[
    -Infinity,
    -1,
    -0.5,
    -1e-9,
    0,
    1e-9,
    0.000_000_9,
    0.000_001,
    0.000_9,
    0.001,
    0.5,
    0.999,
    1,
    1.000_1,
    1.5,
    2,
  ],
  ...[9, 9.999, 10, 11, 100, 399, 400, 400.5, 599, 600, 1_000, 30_000],
  ...[2_147_483_646, 2_147_483_647, 2_147_483_647.5, 2_147_483_648],
  ...[Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 1, Number.MAX_VALUE, Infinity, Number.NaN],
  ...[true, false, null, '', 'x', '1', 'true', 'auto', 'AUTO', 'get', 'GET', 'full', 'equal', 'none'],
  ...['exponential', 'linear', 'constant', 'Exponential', 'critical', 'normal', 'background', 'headers'],
  ...['exponential', 'linear', 'constant', 'Exponential'],
  ...[
    'https://mirror.internal/',
    'ftp://mirror.internal/',
    '/mirror',
    ['NETWORK'],
    ['CLOSED'],
    ['TIMEOUT', 503],
  ],
  ...[[], {}, [[]], [{}], [null], [503], [503, 504], [399], [600], [503.5], ['503'], [Infinity]],
  ...[['GET'], ['GET', 'M-SEARCH'], ['get'], [''], ['GET PUT'], 'GET,PUT', { maxRetries: 1 }, { x: 1 }],
];

describe('the schema of policy files', () => {
  it('knows the options that the core knows, except for functions', () => {
    const keys = (schema: unknown): string[] =>
      Object.keys((schema as { properties?: object }).properties ?? {});
    type Node = { properties: Record<string, Node>; anyOf: Node[] };
    const { properties } = jsonSchema() as unknown as Node;
    const inPart = (node: Node | undefined) => node?.anyOf.find(way => 'properties' in way) as Node;
    const known = {
      '': keys({ properties }).filter(name => name !== '$schema' && name !== 'hosts'),
      fallback: [...new Set(properties.fallback?.anyOf.flatMap(keys))],
      coalesce: keys(inPart(properties.coalesce)),
      retry: keys(inPart(properties.retry)),
      'retry.budget': keys(inPart(inPart(properties.retry).properties.budget)),
      bulkhead: keys(inPart(properties.bulkhead)),
      rateLimit: keys(inPart(properties.rateLimit)),
      hedge: keys(inPart(properties.hedge)),
      deadlineHeaders: keys(inPart(properties.deadlineHeaders)),
      hostPause: keys(inPart(properties.hostPause)),
      circuitBreaker: keys(inPart(properties.circuitBreaker)),
      cache: keys(inPart(properties.cache)),
    };

    const ofFiles = Object.entries(known).flatMap(([part, names]) =>
      names.map(name => (part === '' ? name : `${part}.${name}`)),
    );
    expect(optionsKnownToCore.length).toBeGreaterThan(30);
    expect(ofFiles.sort()).toEqual(optionsOfFiles.map(({ path }) => path).sort());
  });

  it.each(callbacks)('leaves %s out, which takes what no file can say and nothing else', path => {
    const { part, name } = optionsKnownToCore.find(option => option.path === path)!;

    expect(doesInCore(part, name, path === 'fallback.response' ? new Response() : () => true)).toBe(true);
    expect(probes.filter(value => doesInCore(part, name, value))).toEqual([]);
    expect(probes.filter(value => doesInFile(part, name, value))).toEqual([]);
  });

  it.each(optionsOfFiles)('draws the bounds of $path where the core does', ({ part, name }) => {
    const accepted = probes.filter(value => doesInCore(part, name, value));

    expect(probes.filter(value => doesInFile(part, name, value))).toEqual(accepted);
    expect(accepted.length).toBeGreaterThan(0);
  });

  property.prop([fc.constantFrom(...optionsOfFiles), fc.oneof(fc.double(), fc.integer(), fc.anything())], {
    numRuns: 2_000,
  })('agrees with the core about any value', ({ part, name }, value) => {
    fc.pre(isOfFiles(value));
    expect(doesInFile(part, name, value)).toBe(doesInCore(part, name, value));
  });

  it('allows for a host what it allows for all, and no hosts within', () => {
    const accepts = (policy: object) =>
      policyFileSchema.safeParse({ hosts: { 'a.internal': policy } }).success;

    for (const { part, name } of optionsOfFiles)
      for (const value of probes)
        expect(accepts(parts[part]!({ [name]: written(value) }))).toBe(doesInFile(part, name, value));
    expect(accepts({ hosts: {} })).toBe(false);
    expect(accepts({ $schema: '' })).toBe(false);
  });

  it('fills nothing in: what a file leaves out is left to the policy around it', () => {
    expect(policyFileSchema.parse({ retry: {}, hosts: { 'a.internal': {} } })).toEqual({
      retry: {},
      hosts: { 'a.internal': {} },
    });
  });
});

/** What JSON or YAML can say: no functions, symbols, class instances, or text that would stand for a number. */
function isOfFiles(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isOfFiles);
  if (typeof value === 'object' && value !== null) {
    const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(value));
    return isPlain && !Object.hasOwn(value, '__proto__') && Object.values(value).every(isOfFiles);
  }
  return ['number', 'boolean', 'string'].includes(typeof value) ? value !== 'Infinity' : value === null;
}

describe('the schema for editors', () => {
  type Node = { description?: string; default?: unknown; properties?: Record<string, Node>; anyOf?: Node[] };
  const schema = jsonSchema() as Node & { definitions: { HostPolicy: Node } };

  const optionsIn = (node: Node): [string, Node][] =>
    [node, ...(node.anyOf ?? [])].flatMap(({ properties = {} }) =>
      Object.entries(properties).flatMap(([name, option]): [string, Node][] => [
        [name, option],
        ...optionsIn(option).map(([inner, node]): [string, Node] => [`${name}.${inner}`, node]),
      ]),
    );

  it.each([
    ['the whole file', schema],
    ['a host', schema.definitions.HostPolicy],
  ])('describes every option of %s', (_, node) => {
    const undescribed = optionsIn(node).filter(([, { description }]) => !description);
    expect(undescribed).toEqual([]);
  });

  it('tells the defaults', () => {
    const defaults = Object.fromEntries(
      optionsIn(schema).flatMap(([name, node]) => ('default' in node ? [[name, node.default]] : [])),
    );

    const { budget, ...retry } = retryDefaults;
    const under = (part: string, values: object) =>
      Object.entries(values).map(([name, value]) => [`${part}${name}`, written(value)]);
    expect(defaults).toEqual(
      Object.fromEntries([
        ...under('', policyDefaults),
        ...under('fallback.', fallbackDefaults),
        ...under('coalesce.', coalesceDefaults),
        ...under('retry.', retry),
        ...under('retry.budget.', budget as object),
        ...under('bulkhead.', bulkheadDefaults),
        ...under('rateLimit.', rateLimitDefaults),
        ...under('hedge.', hedgeDefaults),
        ...under('deadlineHeaders.', deadlineHeadersDefaults),
        ...under('hostPause.', hostPauseDefaults),
        ...under('circuitBreaker.', circuitBreakerDefaults),
        ...under('throttle.', throttleDefaults),
        ...under('concurrencyLimit.', concurrencyLimitDefaults),
        ...under('cache.', cacheDefaults),
      ]),
    );
  });

  it('accepts and refuses as the reading of a file does', () => {
    const byEditor = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);

    for (const { part, name } of optionsOfFiles) {
      for (const value of probes) {
        const policy = parts[part]!({ [name]: written(value) });
        for (const content of [policy, { hosts: { 'a.internal': policy } }])
          expect
            .soft([content, byEditor.safeParse(content).success])
            .toEqual([content, policyFileSchema.safeParse(content).success]);
      }
    }
    expect(byEditor.safeParse({ $schema: 'policy.schema.json' }).success).toBe(true);
    expect(byEditor.safeParse({ retries: 1 }).success).toBe(false);
  });
});
