import type { Figures, PhaseSummary, Summary } from '../summary.ts';
import { picture } from './picture.ts';
import { table } from './table.ts';
import { fold, ms, paint, percent, wrap } from './text.ts';
import type { Scene } from './view.ts';

/** What is left on the screen: the picture, the table of both side by side, one call's story, two lines to remember. */
export function report(scene: Scene, summary: Summary, columns: number): string {
  const strips = [
    { name: 'fetch', calls: scene.fetch.log.calls },
    { name: 'holdfast', calls: scene.holdfast.log.calls },
  ];
  return [
    ...picture(scene.phases, strips, Number.POSITIVE_INFINITY, columns),
    '',
    ...phaseTable(summary, columns),
    ...footnote(summary, columns),
    '',
    ...totalTable(summary),
    '',
    ...story(summary, columns),
    ...summary.takeaway.flatMap(line =>
      wrap(line, columns - 4).map((part, i) => ` ${i === 0 ? '→' : ' '} ${part}`),
    ),
    '',
  ].join('\n');
}

const HEAD = ['phase', '', 'answered', 'p50', 'p95', 'max', 'in vain', 'requests'];
const WIDE_HEAD = [...HEAD, '> 2 s', 'not answered'];

function phaseTable({ phases, total }: Summary, columns: number): string[] {
  const wide = columns >= 110;
  const pair = ({ title, fetch, holdfast }: Pick<PhaseSummary, 'title' | 'fetch' | 'holdfast'>) => [
    cells(title, 'fetch', fetch, holdfast, wide),
    cells('', 'holdfast', holdfast, fetch, wide),
  ];
  const rows = [...phases.flatMap(pair), [], ...pair({ title: 'total', ...total })];
  return table(wide ? WIDE_HEAD : HEAD, rows, ['phase', '', 'not answered']);
}

function cells(title: string, name: string, own: Figures, other: Figures, wide: boolean): string[] {
  const better = own.successRatio > other.successRatio;
  const answered = percent(own.successRatio);
  const base = [
    paint('bold', title),
    name,
    better ? paint('green', answered) : answered,
    ms(own.p50Ms),
    ms(own.p95Ms),
    ms(own.maxMs),
    ms(own.waitedInVainMs),
    String(own.requestsReceived),
  ];
  return wide ? [...base, String(own.over2s), why(own)] : base;
}

function why({ failures }: Figures): string {
  const [first, second] = Object.entries(failures).sort(([, a], [, b]) => b - a);
  return [first, second]
    .filter(entry => entry !== undefined)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function totalTable({
  total: { fetch, holdfast },
  holdfast: { attempts, retries, rejections },
}: Summary): string[] {
  const row = (label: string, read: (figures: Figures) => string | number): string[] => [
    label,
    String(read(fetch)),
    String(read(holdfast)),
  ];
  return table(
    ['in total', 'fetch', 'holdfast'],
    [
      row('calls answered', ({ answered, calls }) => `${answered} of ${calls}`),
      row('callers waited in vain', ({ waitedInVainMs }) => ms(waitedInVainMs)),
      row('calls that took over 2 s, over 5 s', ({ over2s, over5s }) => `${over2s}, ${over5s}`),
      ['attempts sent, of them retries', `${fetch.calls}, 0`, `${attempts}, ${retries}`],
      ['attempts refused at once, to spare the service', '0', String(rejections)],
      row('requests the service received', ({ requestsReceived }) => requestsReceived),
      row('orders executed, but the caller was told of a failure', ({ orders }) => orders.inDoubt),
      row('orders executed twice', ({ orders }) => orders.executedTwice),
    ],
    ['in total'],
  );
}

function story({ recovered }: Summary, columns: number): string[] {
  if (recovered === null) return [];
  return [
    ` ${paint('bold', 'one call that holdfast recovered, as explain(response) tells it')}`,
    ...recovered.split('\n').flatMap(line => fold(`  ${line}`, columns - 1)),
    '',
  ];
}

/** Said under the table where it would look like a defect otherwise. */
function footnote({ phases }: Summary, columns: number): string[] {
  if (!phases.some(({ fault }) => fault === 'mid-body-reset')) return [];
  const text =
    'Mid-body resets fail on both sides: fetch resolves with the headers, and what has been handed out is not repeated.';
  return wrap(text, columns - 2).map(line => paint('dim', ` ${line}`));
}
