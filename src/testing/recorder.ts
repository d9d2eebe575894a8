/** An observer that remembers, for tests to ask. */
import type { Clock } from '../pipeline/clock.ts';
import type { HoldfastEvent } from '../pipeline/events.ts';
import { assertionError } from './assertion.ts';

export type EventOf<Type extends HoldfastEvent['type']> = HoldfastEvent & { readonly type: Type };

/** Goes in the `observe` of a fetch. */
export interface Recorder {
  (event: HoldfastEvent): void;
  /** What was heard, in order. */
  readonly events: readonly HoldfastEvent[];
  of<const Type extends HoldfastEvent['type']>(type: Type): readonly EventOf<Type>[];
  /** @throws AssertionError with the timeline, unless there was exactly one of this type. */
  only<const Type extends HoldfastEvent['type']>(type: Type): EventOf<Type>;
  /** @throws AssertionError with the timeline, if there was one of this type. */
  none(type: HoldfastEvent['type']): void;
  /** A line per event, for people: when, what, and what it says. */
  timeline(): string;
  clear(): void;
}

/**
 * Remembers every event.
 *
 * @param clock - tells when each was heard.
 * @example
 * const events = recorder(clock);
 * const fetch = createFetch({ clock, observe: events });
 * events.only('retry').delayMs; // 100
 */
export function recorder(clock?: Clock): Recorder {
  const events: HoldfastEvent[] = [];
  const times: number[] = [];
  const of = <const Type extends HoldfastEvent['type']>(type: Type) =>
    events.filter((event): event is EventOf<Type> => event.type === type);
  const timeline = () => lines(events, clock ? times : undefined).join('\n');
  const expectCount = (type: string, count: number, found: readonly HoldfastEvent[]) => {
    if (found.length === count) return;
    const times = count === 0 ? 'no' : 'one';
    throw assertionError(
      `Expected ${times} event \`${type}\`, got ${found.length}. What was heard:\n${timeline() || '  nothing'}`,
      found.length,
      count,
    );
  };
  const record = (event: HoldfastEvent): void => {
    events.push(event);
    times.push(clock?.now() ?? 0);
  };
  return Object.assign(record, {
    events,
    of,
    only<const Type extends HoldfastEvent['type']>(type: Type): EventOf<Type> {
      const found = of(type);
      expectCount(type, 1, found);
      return found[0] as EventOf<Type>;
    },
    none: (type: HoldfastEvent['type']) => expectCount(type, 0, of(type)),
    timeline,
    clear(): void {
      events.length = 0;
      times.length = 0;
    },
  });
}

function lines(events: readonly HoldfastEvent[], times: readonly number[] | undefined): string[] {
  const calls = [...new Set(events.map(callOf).filter(call => call !== undefined))];
  const rows = events.map((event, index) => {
    const call = callOf(event);
    const which = calls.length > 1 && call ? [`call ${calls.indexOf(call) + 1}`] : [];
    return [
      ...(times ? [`${Math.round(times[index] as number)} ms`] : []),
      ...which,
      event.type,
      said(event),
    ];
  });
  const width = Math.max(0, ...rows.map(row => row.length));
  const widths = Array.from({ length: width }, (_, column) =>
    Math.max(0, ...rows.map(row => (column < row.length - 1 ? (row[column] as string).length : 0))),
  );
  return rows.map(row =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

const callOf = (event: HoldfastEvent) => ('call' in event ? event.call : undefined);

/** Its fields; of a call that begins what it is. */
function said(event: HoldfastEvent): string {
  if (event.type === 'call-start') return `${event.call.method} ${event.call.url}`;
  return Object.entries(event)
    .filter(([key, value]) => key !== 'type' && key !== 'call' && value !== undefined)
    .map(([key, value]) => `${key}=${shown(value)}`)
    .join(' ');
}

function shown(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 10) / 10);
  if (value instanceof Error) return value.name;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
