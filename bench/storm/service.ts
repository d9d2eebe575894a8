/** The simulated service behind a simulated `fetch`. */
import { lognormal, mixSeed, type Random, randomFrom } from './random.ts';
import type { AttemptRecord, CallRecord, WorkRecord } from './recording.ts';
import { Station, type StationOptions } from './station.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What becomes of one attempt. */
export type Fate =
  /** Queued, worked on and answered. */
  | { readonly kind: 'serve'; readonly workFactor?: number; readonly extraDelayMs?: number }
  /** Answered at the door, without work. */
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfterS?: number }
  /** Worked on; the answer never arrives. */
  | { readonly kind: 'lose' }
  /** Nothing is listening: ECONNREFUSED. */
  | { readonly kind: 'refuse' }
  /** Swallowed: no work, no answer, no error. */
  | { readonly kind: 'swallow' };

export const served: Fate = { kind: 'serve' };

/** What a fate is decided by: the same call and attempt number meet the same luck with every candidate. */
export interface Arriving {
  readonly host: number;
  readonly luck: Random;
}

export interface ServiceOptions extends StationOptions {
  readonly hosts: number;
  readonly meanWorkMs: number;
  readonly seed: number;
}

/** Spread of the logarithm of working times. */
const workSigma = 0.5;

/** How long it takes to hear a no. */
const refusalLatencyMs = 1;

export class Service {
  readonly stations: readonly Station[];
  readonly work: WorkRecord[] = [];
  /** Changed by the scenario's script. */
  fateOf: (arriving: Arriving) => Fate = () => served;
  /** Asked at each send; set by a client that can tell. */
  isCircuitOpen: (call: CallRecord) => boolean = () => false;

  inFlight = 0;
  peakInFlight = 0;
  /** Response bodies neither read to the end nor let go. */
  openBodies = 0;

  readonly #time: VirtualTime;
  readonly #options: ServiceOptions;
  readonly #calls: readonly CallRecord[];
  readonly #executedKeys = new Set<string>();
  /** Held as a socket would hold them: a request in flight, and the signal in it, is not garbage. */
  readonly #onTheWire = new Set<Attempt>();

  constructor(time: VirtualTime, options: ServiceOptions, calls: readonly CallRecord[]) {
    this.#time = time;
    this.#options = options;
    this.#calls = calls;
    this.stations = Array.from({ length: options.hosts }, () => new Station(time, options, this.work));
  }

  /** Where a call goes; its number is how the service knows it again. */
  static urlOf(call: CallRecord): string {
    return `http://host-${call.host}.test/calls/${call.index}`;
  }

  readonly fetch = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
      if (signal?.aborted) return reject(signal.reason);
      const key = idempotencyKey(input, init);
      const attempt = new Attempt(this, this.#callAt(input), { input, signal, key, resolve, reject });
      this.#onTheWire.add(attempt);
      attempt.send();
    });

  hangUp(attempt: Attempt): void {
    this.#onTheWire.delete(attempt);
  }

  /** Starts the record of an attempt, and tells its fate and working time. */
  admit(call: CallRecord): { attempt: AttemptRecord; fate: Fate; workMs: number } {
    const attempt: AttemptRecord = {
      startedAtMs: this.#time.nowMs,
      endedAtMs: undefined,
      end: undefined,
      retryAfterAtMs: 0,
      sentWhileOpen: this.isCircuitOpen(call),
    };
    call.attempts.push(attempt);
    this.peakInFlight = Math.max(this.peakInFlight, ++this.inFlight);
    const luck = randomFrom(mixSeed(this.#options.seed, call.index, call.attempts.length));
    const workMs = lognormal(luck, this.#options.meanWorkMs, workSigma);
    const fate = this.fateOf({ host: call.host, luck });
    return { attempt, fate, workMs: workMs * (fate.kind === 'serve' ? (fate.workFactor ?? 1) : 1) };
  }

  end(attempt: AttemptRecord, how: NonNullable<AttemptRecord['end']>): void {
    if (attempt.end) return;
    attempt.end = how;
    attempt.endedAtMs = this.#time.nowMs;
    this.inFlight--;
  }

  /** A service that knows idempotency keys executes each of them once. */
  execute(call: CallRecord, key: string | undefined): void {
    if (key !== undefined && this.#executedKeys.has(key)) return;
    if (key !== undefined) this.#executedKeys.add(key);
    call.executions++;
  }

  later(delayMs: number, action: () => void): void {
    this.#time.schedule(delayMs, action);
  }

  get nowMs(): number {
    return this.#time.nowMs;
  }

  #callAt(input: RequestInfo | URL): CallRecord {
    const url = input instanceof Request ? input.url : String(input);
    return this.#calls[Number(url.slice(url.lastIndexOf('/') + 1))]!;
  }
}

/** The client's side of one attempt. */
interface Wire {
  readonly input: RequestInfo | URL;
  readonly signal: AbortSignal | null | undefined;
  readonly key: string | undefined;
  readonly resolve: (response: Response) => void;
  readonly reject: (reason: unknown) => void;
}

/** One request on the wire, from its sending to the end of its response body. */
class Attempt {
  readonly #service: Service;
  readonly #call: CallRecord;
  readonly #wire: Wire;
  readonly #record: AttemptRecord;
  readonly #fate: Fate;
  readonly #workMs: number;
  #failBody: ((reason: unknown) => void) | undefined;

  constructor(service: Service, call: CallRecord, wire: Wire) {
    this.#service = service;
    this.#call = call;
    this.#wire = wire;
    const { attempt, fate, workMs } = service.admit(call);
    this.#record = attempt;
    this.#fate = fate;
    this.#workMs = workMs;
  }

  send(): void {
    this.#wire.signal?.addEventListener('abort', this.#onAbort);
    const fate = this.#fate;
    if (fate.kind === 'refuse') this.#service.later(refusalLatencyMs, () => this.#fail('ECONNREFUSED'));
    else if (fate.kind === 'answer')
      this.#service.later(refusalLatencyMs, () => this.#answer(fate.status, fate.retryAfterS));
    else if (fate.kind !== 'swallow') this.#queue();
  }

  #queue(): void {
    this.#service.stations[this.#call.host]!.submit({
      workMs: this.#workMs,
      isGone: () => this.#record.end === 'aborted',
      done: () => this.#worked(),
      turnedAway: () => this.#service.later(refusalLatencyMs, () => this.#answer(503)),
      reset: () => this.#fail('ECONNRESET'),
    });
  }

  #worked(): void {
    this.#service.execute(this.#call, this.#wire.key);
    if (this.#fate.kind !== 'serve') return;
    const { extraDelayMs } = this.#fate;
    if (extraDelayMs) this.#service.later(extraDelayMs, () => this.#answer(200));
    else this.#answer(200);
  }

  #answer(status: number, retryAfterS?: number): void {
    if (this.#record.end) return;
    this.#service.end(this.#record, 'answered');
    if (retryAfterS) this.#record.retryAfterAtMs = this.#service.nowMs + retryAfterS * 1_000;
    const headers = retryAfterS ? { 'retry-after': String(retryAfterS) } : {};
    this.#wire.resolve(new Response(this.#body(), { status, headers }));
  }

  /** A body that knows whether it was read to the end or let go. */
  #body(): ReadableStream<Uint8Array> {
    const service = this.#service;
    service.openBodies++;
    let isOpen = true;
    const close = () => {
      if (isOpen) service.openBodies--;
      isOpen = false;
      this.#hangUp();
    };
    return new ReadableStream(
      {
        start: controller => {
          this.#failBody = reason => {
            if (isOpen) controller.error(reason);
            close();
          };
        },
        pull: controller => {
          controller.enqueue(bodyBytes);
          controller.close();
          close();
        },
        cancel: close,
      },
      // Nothing is pulled before somebody reads.
      { highWaterMark: 0 },
    );
  }

  #fail(code: string): void {
    if (this.#record.end) return;
    this.#service.end(this.#record, 'failed');
    this.#hangUp();
    // As Node's fetch says it: one message for all, the code down the cause chain.
    const cause = Object.assign(new Error(code), { code });
    this.#wire.reject(new TypeError('fetch failed', { cause }));
  }

  readonly #onAbort = (): void => {
    const reason = this.#wire.signal?.reason;
    this.#hangUp();
    this.#service.end(this.#record, 'aborted');
    this.#wire.reject(reason);
    this.#failBody?.(reason);
  };

  #hangUp(): void {
    this.#wire.signal?.removeEventListener('abort', this.#onAbort);
    this.#service.hangUp(this);
  }
}

const bodyBytes = new TextEncoder().encode('{"ok":true}');

function idempotencyKey(input: RequestInfo | URL, init: RequestInit | undefined): string | undefined {
  const headers = init?.headers ?? (input instanceof Request ? input.headers : undefined);
  if (headers === undefined) return undefined;
  return new Headers(headers).get('idempotency-key') ?? undefined;
}
