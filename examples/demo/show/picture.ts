import { hasEnded, isAnswered, type LoggedCall, waitMs } from '../call-log.ts';
import type { TimedPhase } from '../scenarios.ts';
import { padEnd, paint } from './text.ts';

const HEIGHTS = '▁▂▃▄▅▆▇█';
const MARGIN = 12;

/** The calls of one client, for a row of the picture. */
export interface Strip {
  readonly name: string;
  readonly calls: readonly LoggedCall[];
}

/**
 * The whole run from left to right, each column a slice of time and the calls that started in it:
 * what share was answered, and how long the slowest took.
 */
export function picture(
  phases: readonly TimedPhase[],
  strips: readonly Strip[],
  nowMs: number,
  columns: number,
): string[] {
  const width = Math.max(20, columns - MARGIN - 1);
  const totalMs = phases.at(-1)!.endMs;
  const row = (label: string, cells: string): string => ` ${padEnd(label, MARGIN - 1)}${cells}`;
  return [
    row('', ruler(phases, nowMs, totalMs, width)),
    ...strips.flatMap(({ name, calls }) => {
      const slices = slice(calls, totalMs, width);
      return [
        row(paint('bold', name), slices.map(answeredCell).join('')),
        row(paint('dim', ' slowest'), slices.map(calls => slowestCell(calls, nowMs)).join('')),
      ];
    }),
  ];
}

/** The names of the phases over their columns, the current one inverted. */
function ruler(phases: readonly TimedPhase[], nowMs: number, totalMs: number, width: number): string {
  const column = (atMs: number): number => Math.round((atMs / totalMs) * width);
  const parts = phases.map(({ label, startMs, endMs }) => {
    const room = column(endMs) - column(startMs);
    const text = `▏${label}`.slice(0, room).padEnd(room);
    return nowMs >= startMs && nowMs < endMs ? paint('inverse', text) : paint('dim', text);
  });
  return parts.join('');
}

function slice(calls: readonly LoggedCall[], totalMs: number, width: number): LoggedCall[][] {
  const slices: LoggedCall[][] = Array.from({ length: width }, () => []);
  for (const call of calls)
    slices[Math.min(width - 1, Math.floor((call.atMs / totalMs) * width))]!.push(call);
  return slices;
}

function answeredCell(calls: readonly LoggedCall[]): string {
  const ended = calls.filter(hasEnded);
  if (ended.length === 0) return calls.length === 0 ? ' ' : paint('dim', '·');
  const ratio = ended.filter(isAnswered).length / ended.length;
  const colour = ratio === 1 ? 'green' : ratio >= 0.5 ? 'yellow' : 'red';
  return paint(colour, HEIGHTS[Math.floor(ratio * (HEIGHTS.length - 1))]!);
}

/** From 10 ms (lowest) to 3 s (highest) in equal ratios: times that matter differ by factors. */
function slowestCell(calls: readonly LoggedCall[], nowMs: number): string {
  if (calls.length === 0) return ' ';
  const slowest = Math.max(...calls.map(call => waitMs(call, nowMs)));
  const height = Math.log(Math.max(slowest, 10) / 10) / Math.log(300);
  const colour = slowest < 300 ? 'green' : slowest < 1_500 ? 'yellow' : 'red';
  return paint(colour, HEIGHTS[Math.min(HEIGHTS.length - 1, Math.floor(height * HEIGHTS.length))]!);
}
