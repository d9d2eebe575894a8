/**
 * Sends the same traffic through a program before and after its migration, to a service that misbehaves, and says what each
 * of them came to.
 *
 *   node examples/migrating/compare.ts axios
 */
import type { Payments } from './payments.ts';
import { behaviours, Service } from './service.ts';

export const migrations = ['fetch', 'axios', 'got', 'opossum', 'cockatiel'] as const;
export type Migration = (typeof migrations)[number];

/** What was seen of one program, by what was looked at. */
export type Measures = Readonly<Record<string, string | number>>;

export interface Comparison {
  readonly before: Measures;
  readonly after: Measures;
}

type Make = (baseUrl: string) => Payments;
type Scenario = (make: Make) => Promise<Measures>;

/** What a caller sees of a call. */
async function ending(call: Promise<unknown>): Promise<string> {
  try {
    const charge = (await call) as { status?: string };
    return charge.status === 'paid' ? 'the charge' : `strange: ${JSON.stringify(charge)}`;
  } catch (error) {
    const { name, code } = error as { name: string; code?: unknown };
    return typeof code === 'string' ? `${name} ${code}` : name;
  }
}

/** How long a call took: 0 if it waited for nothing, and so ended before any timer or socket was looked at. */
async function timed(call: Promise<unknown>): Promise<[seen: string, ms: number]> {
  const startedAt = performance.now();
  let hasWaited = false;
  const turn = setTimeout(() => {
    hasWaited = true;
  });
  const seen = await ending(call);
  clearTimeout(turn);
  return [seen, hasWaited ? performance.now() - startedAt : 0];
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const scenarios: readonly Scenario[] = [
  async make => {
    await using service = await Service.start(behaviours.hiccup);
    const payments = make(service.url);
    const seen = await ending(payments.charge(42));
    await payments.close?.();
    return { 'one 503: the caller sees': seen, 'one 503: requests': service.requests };
  },
  async make => {
    await using service = await Service.start(behaviours.pause);
    const payments = make(service.url);
    await ending(payments.charge(42));
    await payments.close?.();
    const [first = 0, second] = service.requestedAt;
    return { '`Retry-After: 1`: asked again after': second === undefined ? 'never' : second - first };
  },
  async make => {
    await using service = await Service.start(behaviours.outage);
    const payments = make(service.url);
    const wave = () => Promise.all(Array.from({ length: 20 }, () => timed(payments.charge(42))));
    const [, first] = (await wave())[0] as [string, number];
    const second = await wave();
    const laterMs = median(second.map(([, ms]) => ms));
    await payments.close?.();
    return {
      'an outage, 40 calls: requests': service.requests,
      'an outage: the first call fails after': first,
      'an outage: later ones fail after': laterMs === 0 ? 'no wait' : laterMs,
      'an outage: later ones see': second[10]?.[0] ?? '',
    };
  },
  async make => {
    await using service = await Service.start(behaviours.silence);
    const payments = make(service.url);
    const [seen, ms] = await timed(payments.charge(42));
    const held = await service.abandoned();
    await payments.close?.();
    return {
      'silence: the caller sees': seen,
      'silence: after': ms,
      'silence: requests': service.requests,
      'silence: connections still held': held,
    };
  },
  async make => {
    await using service = await Service.start(behaviours.lost);
    const payments = make(service.url);
    const seen = await ending(payments.pay(5));
    await payments.close?.();
    return {
      'a `POST` whose answer is lost: the caller sees': seen,
      'a `POST` whose answer is lost: payments made': service.payments,
    };
  },
];

async function programOf(path: string): Promise<Make> {
  const { payments: make } = (await import(path)) as { payments: Make };
  // The first call of a library takes longer than those after it.
  await using service = await Service.start(behaviours.well);
  const payments = make(service.url);
  await payments.charge(42);
  await payments.close?.();
  return make;
}

async function measure(payments: Make): Promise<Measures> {
  const measures = [];
  for (const scenario of scenarios) measures.push(await scenario(payments));
  return Object.assign({}, ...measures);
}

/** Loads both programs and tries them first, which is none of what is measured. */
export async function load(migration: Migration): Promise<() => Promise<Comparison>> {
  const before = await programOf(`./${migration}/before.ts`);
  const after = await programOf(`./${migration}/after.ts`);
  return async () => {
    // Each has services of its own, and mostly waits.
    const [measuredBefore, measuredAfter] = await Promise.all([measure(before), measure(after)]);
    return { before: measuredBefore, after: measuredAfter };
  };
}

if (import.meta.main) {
  const migration = process.argv[2] as Migration;
  if (!migrations.includes(migration)) {
    console.error(`Say which: ${migrations.join(', ')}; got '${migration}'.`);
    process.exit(2);
  }
  const compare = await load(migration);
  const { before, after } = await compare();
  const cell = (value: string | number | undefined) =>
    typeof value === 'number' && !Number.isInteger(value) ? `about ${Math.round(value)} ms` : `${value}`;
  for (const what of Object.keys(before))
    console.log(`| ${what} | ${cell(before[what])} | ${cell(after[what])} |`);
}
