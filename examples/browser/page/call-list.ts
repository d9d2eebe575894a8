/** A line for each call: its attempts on a time line, and what has become of it. */
import type { AttemptRecord, CallRecord } from 'holdfast';

/** The whole width of a line, in milliseconds: a little more than the total timeout. */
const widthMs = 6_200;
const maxLines = 30;

export class CallList {
  readonly #list: HTMLElement;
  #lines: Line[] = [];
  #count = 0;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  add(record: CallRecord): void {
    const line = new Line(record, ++this.#count);
    this.#lines.push(line);
    this.#list.prepend(line.item);
    this.#list.setAttribute('start', String(this.#count));
    if (this.#lines.length > maxLines) this.#lines.shift()?.item.remove();
  }

  show(): void {
    for (const line of this.#lines) line.show();
  }
}

class Line {
  readonly item: HTMLLIElement = document.createElement('li');
  readonly #record: CallRecord;
  readonly #track = make('div', 'track');
  readonly #says = make('p', 'says');
  #isDone = false;

  constructor(record: CallRecord, number: number) {
    this.#record = record;
    // For those who hear the page: the text says it all.
    this.#track.setAttribute('aria-hidden', 'true');
    this.item.append(make('span', 'number', `${number}`), this.#track, this.#says);
  }

  show(): void {
    if (this.#isDone) return;
    const record = this.#record;
    this.#isDone = record.durationMs !== undefined;
    const now = performance.now() - record.startedAt;
    this.#track.replaceChildren(...record.attempts.flatMap(attempt => bars(attempt, record, now)));
    const text = story(record);
    if (this.#says.textContent !== text) this.#says.textContent = text;
    this.item.dataset.outcome = outcomeOf(record);
  }
}

function bars(attempt: AttemptRecord, record: CallRecord, now: number): HTMLElement[] {
  const { startMs, durationMs, waitedMs, delayMs, outcome } = attempt;
  const startedMs = startMs + waitedMs;
  const endMs = durationMs === undefined ? now : startedMs + durationMs;
  const parts = [bar(outcome ?? 'running', startedMs, endMs, label(attempt))];
  if (waitedMs > 0) parts.push(bar('waiting', startMs, startedMs, ''));
  if (delayMs !== undefined)
    parts.push(bar('waiting', endMs, Math.min(endMs + delayMs, record.durationMs ?? now), ''));
  return parts;
}

function bar(kind: string, fromMs: number, toMs: number, text: string): HTMLElement {
  const part = make('span', kind);
  part.append(make('b', '', text));
  part.style.left = `${(fromMs / widthMs) * 100}%`;
  part.style.width = `${(Math.max(toMs - fromMs, 0) / widthMs) * 100}%`;
  return part;
}

const label = ({ status, code }: AttemptRecord): string =>
  status === undefined ? (code ?? '') : String(status);

function outcomeOf({ durationMs, attempts }: CallRecord): string {
  if (durationMs === undefined) return 'running';
  return attempts.at(-1)?.outcome ?? 'rejected';
}

function story(record: CallRecord): string {
  const { durationMs, attempts } = record;
  const sent = attempts.filter(({ outcome }) => outcome !== 'rejected').length;
  const times = `${sent} ${sent === 1 ? 'attempt' : 'attempts'}`;
  if (durationMs === undefined) return sent < 2 ? 'under way' : `under way, ${times}`;
  const last = attempts.at(-1);
  const seconds = `${(durationMs / 1_000).toFixed(1)} s`;
  switch (last?.outcome) {
    case 'success':
      return `${last.status} after ${times}, ${seconds}`;
    case 'cancelled':
      return `cancelled after ${seconds}`;
    case 'rejected':
      return sent === 0 ? 'refused: the circuit is open' : `given up after ${times}: the circuit is open`;
    default:
      return `${last ? label(last) : 'nothing'} after ${times}, ${seconds}`;
  }
}

function make(tag: string, className: string, text = ''): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}
