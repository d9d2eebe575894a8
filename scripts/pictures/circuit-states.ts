/** The states of a circuit, and the ways between them that a running one has taken. */
import { type CircuitEvent, createFetch } from '../../src/index.ts';
import { circuitBreakerDefaults as defaults } from '../../src/policies/circuit-breaker/limits.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { box, path, picture, text, width } from './svg.ts';

type Change = Pick<CircuitEvent, 'from' | 'to' | 'because'>;

/**
 * Fails until its circuit opens, fails its probe, is well again; then a person isolates it. Once in a row, and once with
 * a success in ten, so that both rules have their turn.
 */
export async function changes(): Promise<Change[]> {
  const found = new Map<string, Change>();
  const live = async (rule: 'consecutive' | 'ratio') => {
    const clock = virtualClock();
    let isWell = false;
    let calls = 0;
    const fetch = createFetch({
      clock,
      random: () => 0.5,
      retry: false,
      concurrencyLimit: false,
      fetch: async () =>
        new Response(null, { status: isWell || (rule === 'ratio' && calls++ % 10 === 0) ? 200 : 500 }),
      observe: event => {
        if (event.type !== 'circuit') return;
        const { from, to, because } = event;
        found.set(`${from} ${to} ${because}`, { from, to, because });
      },
    });
    const call = async () => {
      const response = fetch('https://payments.internal/').catch(() => {});
      await clock.advance(250);
      await response;
    };
    for (let count = 0; count < 60; count++) await call();
    isWell = true;
    for (let count = 0; count < 12; count++) await call();
    const circuit = fetch.hosts.for('https://payments.internal').circuitBreaker;
    circuit.isolate();
    circuit.reset();
    await fetch.close();
  };
  await live('consecutive');
  await live('ratio');
  return [...found.values()];
}

const seconds = (ms: number): string => `${ms / 1_000} s`;

/** What each reason means, with the default's own numbers. */
const meaning: Readonly<Record<CircuitEvent['because'], readonly string[]>> = {
  consecutive: [
    `${defaults.consecutiveFailures} failures in a row`,
    `and ${seconds(defaults.minimumSilenceMs)} without a success`,
  ],
  ratio: [
    `or ${Math.round(100 * Number(defaults.failureRatio))} % of at least ${defaults.minimumThroughput}`,
    `attempts in ${seconds(defaults.windowMs)}`,
  ],
  'open-time': [`after ${seconds(defaults.openMs)}`, `± ${defaults.openJitterRatio * 100} %`],
  'probe-success': ['the probe', 'succeeds'],
  'probe-failure': ['the probe', 'fails'],
  'by-hand': ['isolate(), reset()'],
};

const boxWidth = 110;
const boxHeight = 42;
/** Where the boxes on the right begin; words stand beside them. */
const right = width - boxWidth - 84;
const at: Readonly<Record<CircuitEvent['from'], readonly [number, number]>> = {
  closed: [24, 50],
  open: [right, 50],
  'half-open': [right, 200],
  isolated: [24, 200],
};

/** How the line of a change runs, and where its words stand. */
interface Way {
  readonly d: string;
  readonly words: readonly [x: number, y: number, anchor: string];
}
const ways: Readonly<Record<string, Way>> = {
  'closed open consecutive': { d: `M134 64H${right}`, words: [230, 34, 'middle'] },
  'closed open ratio': { d: `M134 80H${right}`, words: [230, 100, 'middle'] },
  'open half-open open-time': { d: `M${right + 36} 92V200`, words: [right + 26, 142, 'end'] },
  'half-open open probe-failure': { d: `M${right + 84} 200V92`, words: [right + 94, 142, 'start'] },
  'half-open closed probe-success': {
    d: `M${right} 221C240 221 170 170 110 92`,
    words: [240, 238, 'middle'],
  },
  'closed isolated by-hand': { d: 'M60 92V200', words: [24, 270, 'start'] },
  'isolated closed by-hand': { d: 'M84 200V92', words: [24, 270, 'start'] },
};

export async function circuitStates(): Promise<string> {
  const all = await changes();
  const unknown = all.filter(({ from, to, because }) => !ways[`${from} ${to} ${because}`]);
  if (unknown.length > 0) throw new Error(`The picture has no place for ${JSON.stringify(unknown)}.`);
  const lines = all.map(({ from, to, because }) =>
    path(
      ways[`${from} ${to} ${because}`]?.d ?? '',
      to === 'open' ? 'bad' : to === 'closed' ? 'ours' : 'line',
      ' marker-end="url(#tip)"',
    ),
  );
  const words = new Map(
    all.flatMap(({ from, to, because }) => {
      const way = ways[`${from} ${to} ${because}`];
      return way ? [[way.words.join(), { because, place: way.words }] as const] : [];
    }),
  );
  return picture('The states of a circuit and what leads from one to the other', 290, [
    '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 10 5 0 10z" fill="context-stroke"/></marker></defs>',
    ...lines,
    ...Object.entries(at).flatMap(([state, [x, y]]) => [
      box(x, y, boxWidth, boxHeight),
      text(x + boxWidth / 2, y + 26, state, 'title', 'middle'),
    ]),
    ...[...words.values()].flatMap(({ because, place: [x, y, anchor] }) =>
      meaning[because].map((line, index) =>
        text(x, y + (index - (y < 40 ? 1 : 0)) * 16 + (y < 40 ? 8 : 0), line, 'small', anchor),
      ),
    ),
  ]);
}
