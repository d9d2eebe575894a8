/** What three clients do in a storm, second by second, from what `record-storms.ts` has kept. */
import { box, path, picture, round, text, width } from './svg.ts';

export interface RecordedStorm {
  /** As in `bench/storm/`. */
  readonly id: string;
  readonly name: string;
  readonly seed: number;
  readonly callsPerSecond: number;
  readonly fault: { readonly fromMs: number; readonly toMs: number };
  readonly clients: readonly {
    readonly name: string;
    /** Per second: calls that ended with an answer of 2xx. */
    readonly answered: readonly number[];
    /** Per second: attempts that were sent. */
    readonly attempts: readonly number[];
  }[];
}

type Kind = 'answered' | 'attempts';

const left = 40;
const right = width - 14;
const plotHeight = 150;

const classOf = (client: string): string =>
  client === 'Holdfast' ? 'ours' : client === 'ky' ? 'bad' : 'peer';

function plot(storm: RecordedStorm, kind: Kind, top: number, most: number): string[] {
  const { fault, clients } = storm;
  const seconds = clients[0]?.[kind].length ?? 0;
  const x = (second: number) => left + (second / seconds) * (right - left);
  const y = (value: number) => top + plotHeight - (value / most) * plotHeight;
  const step = most > 300 ? 200 : 100;
  const marks = Array.from({ length: Math.floor(most / step) + 1 }, (_, mark) => mark * step);
  const ends = Array.from({ length: Math.floor(seconds / 10) + 1 }, (_, mark) => mark * 10);
  return [
    box(x(fault.fromMs / 1_000), top, x(fault.toMs / 1_000) - x(fault.fromMs / 1_000), plotHeight, 'shade'),
    text((x(fault.fromMs / 1_000) + x(fault.toMs / 1_000)) / 2, top - 5, 'the fault', 'small', 'middle'),
    ...marks.flatMap(value => [
      path(`M${left} ${round(y(value))}H${right}`, 'line', ' stroke-opacity=".4"'),
      text(left - 6, y(value) + 4, String(value), 'small', 'end'),
    ]),
    ...ends.map(second =>
      text(
        x(second),
        top + plotHeight + 17,
        second === 0 ? '0' : `${second} s`,
        'small',
        second === seconds ? 'end' : 'middle',
      ),
    ),
    ...clients.map(({ name, [kind]: values }) =>
      path(
        `M${values.map((value, second) => `${round(x(second + 0.5))} ${round(y(Math.min(value, most)))}`).join('L')}`,
        classOf(name),
      ),
    ),
  ];
}

function legend(names: readonly string[], y: number): string[] {
  let x = left;
  return names.flatMap(name => {
    const lines = [path(`M${x} ${y - 5}h22`, classOf(name)), text(x + 28, y, name)];
    x += 28 + name.length * 8 + 26;
    return lines;
  });
}

const mostOf = (storm: RecordedStorm, kind: Kind): number =>
  Math.max(...storm.clients.flatMap(client => client[kind]));

/** Calls answered in each second while capacity drops: who recovers, and when. */
export function goodputPicture(storms: readonly RecordedStorm[]): string {
  const storm = stormOf(storms, '5');
  const most = Math.ceil((mostOf(storm, 'answered') + 1) / 100) * 100;
  return picture(`Calls answered per second while a service loses capacity, by client`, 278, [
    text(left - 28, 18, 'Calls answered per second, of 250, while capacity drops', 'title'),
    ...legend(
      storm.clients.map(({ name }) => name),
      42,
    ),
    ...plot(storm, 'answered', 72, most),
    text(left - 28, 270, 'bench/storm, scenario 5, seed 1, virtual time', 'small'),
  ]);
}

/** Attempts that reach a service that is down. */
export function attemptsPicture(storms: readonly RecordedStorm[]): string {
  const [refused, hole] = [stormOf(storms, '2'), stormOf(storms, '3')];
  const most = Math.ceil(Math.max(mostOf(refused, 'attempts'), mostOf(hole, 'attempts')) / 100) * 100;
  return picture('Attempts per second that clients send to a service that is down', 506, [
    text(left - 28, 18, 'Attempts per second at a service that is down, for 200 calls', 'title'),
    ...legend(
      refused.clients.map(({ name }) => name),
      42,
    ),
    text(left, 72, 'it refuses connections for 30 s'),
    ...plot(refused, 'attempts', 94, most),
    text(left, 288, 'it gives no answer for 30 s'),
    ...plot(hole, 'attempts', 310, most),
    text(left - 28, 498, 'bench/storm, scenarios 2 and 3, seed 1, virtual time', 'small'),
  ]);
}

function stormOf(storms: readonly RecordedStorm[], id: string): RecordedStorm {
  const storm = storms.find(storm => storm.id === id);
  if (!storm)
    throw new Error(`docs/pictures/storms.json has no scenario ${id}. Make it again: npm run docs:storms`);
  return storm;
}
