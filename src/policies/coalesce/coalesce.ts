import { HoldfastError, TimeoutError } from '../../errors.ts';
import { HostPart } from '../../hosts/host-state.ts';
import { type BodyLease, leaseOf } from '../../http/body-lease.ts';
import { discard } from '../../http/drain.ts';
import { isSafe } from '../../http/method.ts';
import { Branch, type Hanging, type Stem, stemOf } from '../../pipeline/branch.ts';
import type { Call, CallRequest } from '../../pipeline/call.ts';
import { type Checks, integer, readOptions } from '../../pipeline/options.ts';
import { type ErrorOutcome, errorOutcome } from '../../pipeline/outcome.ts';
import type { Handler, Policy } from '../../pipeline/pipeline.ts';
import { identityOf } from './identity.ts';
import { type BodyReader, SharedBody } from './shared-body.ts';
import { copyOf, isShareable } from './shared-response.ts';

export interface CoalesceOptions {
  /**
   * How many bytes of a shared body are kept for whoever reads it most slowly, after decompression. From 0. A body that
   * is said to be larger is not shared; one that turns out to be larger ends, with an error, for those who are further
   * behind than that when another reads on.
   * @defaultValue 8_388_608
   */
  readonly maxBufferedBytes?: number;
}

export type CoalesceLimits = Required<CoalesceOptions>;

export const coalesceDefaults: CoalesceLimits = Object.freeze({ maxBufferedBytes: 8_388_608 });

const checks: Checks<CoalesceOptions> = { maxBufferedBytes: integer() };

export const readCoalesceOptions = (options: CoalesceOptions, path = 'coalesce'): CoalesceLimits =>
  readOptions(path, options, checks, coalesceDefaults);

/** What the policy needs of others. */
export interface CoalesceParts {
  /** Bounds each of the calls that share a request, so that every one has its own deadline and its own abort. */
  readonly bound: Policy;
  /** Ends the attempts of a request that everybody has left. */
  readonly cutShort: (outcome: ErrorOutcome, call: Call) => void;
}

let policies = 0;

/** The requests of a host that can be joined. */
const joinable = new HostPart(() => new Map<string, Flight>());

/**
 * Identical calls that are under way at the same time share one request: the same method, URL, headers and policy.
 *
 * Sits outside `totalTimeout`, so that retry, circuit and budget see one call. A request can be joined until its
 * response headers have come, or a call that changes something at the host has ended: nobody gets an answer that is
 * older than what it knows of. Each caller has its own body, its own abort and its own deadline, and the last one out
 * cancels the request.
 *
 * @throws TypeError or RangeError at construction, if an option will not do.
 * @see {@link https://pkg.go.dev/golang.org/x/sync/singleflight | singleflight}, from which this differs in that one
 * caller's end is not that of the others.
 */
export function coalesce(options: CoalesceOptions, parts: CoalesceParts): Policy {
  const { maxBufferedBytes } = readCoalesceOptions(options);
  const { bound, cutShort } = parts;
  // A call of another policy would have been treated otherwise.
  const policy = ++policies;
  return function coalesce(call, next) {
    const { host, request } = call;
    if (!isSafe(request.method)) return thenForget(call, next);
    const identity = identityOf(request);
    if (identity === undefined) return next(call);
    const flights = host.part(joinable);
    const key = `${policy} ${identity}`;
    const present = flights.get(key);
    if (present) return call.deadlineAt > present.deadlineAt ? next(call) : bound(call, present.join);
    const plan: Plan = { deadlineAt: call.deadlineAt, flights, key, maxBufferedBytes, next, cutShort };
    return bound(call, timed => new Flight(plan, timed).depart());
  };
}

/** What was asked before something changed says nothing of the time after. */
function thenForget(call: Call, next: Handler): Promise<Response> {
  const forget = () => call.host.peek(joinable)?.clear();
  return next(call).then(
    response => {
      forget();
      return response;
    },
    error => {
      forget();
      throw error;
    },
  );
}

interface Plan {
  /** Of the first call, from outside of us: a call with more time than that goes by itself. */
  readonly deadlineAt: number;
  readonly flights: Map<string, Flight>;
  readonly key: string;
  readonly maxBufferedBytes: number;
  readonly next: Handler;
  readonly cutShort: CoalesceParts['cutShort'];
}

/** One request for all who want the same. Runs on a signal of its own, as none of them is more its owner than another. */
class Flight extends Branch {
  readonly #plan: Plan;
  readonly #first: Call;
  /** That of the first caller, on our signal. */
  readonly #call: Call;
  readonly #passengers = new Set<Passenger>();
  readonly #caller: CallerSignal;
  #hasLanded = false;
  /** Of the response, if several have a copy of it. */
  #lease: BodyLease | undefined;
  #body: SharedBody | undefined;

  constructor(plan: Plan, first: Call) {
    super(undefined, true);
    this.#plan = plan;
    const { signal } = this;
    this.#caller = new CallerSignal(signal);
    const request = { ...first.request, callerSignal: this.#caller };
    this.#call = { ...first, request, signal, isTimed: true };
    this.#first = first;
  }

  get deadlineAt(): number {
    return this.#plan.deadlineAt;
  }

  /** Sends the request for its first caller. */
  depart(): Promise<Response> {
    const { flights, key, next } = this.#plan;
    const coming = this.#admit(this.#first);
    flights.set(key, this);
    next(this.#call).then(
      response => this.#land(response),
      error => this.#fail(error),
    );
    return coming;
  }

  readonly join = (call: Call): Promise<Response> => {
    const { record, runtime } = call;
    record.coalesced = true;
    runtime.emit?.({ type: 'coalesced', call: record, first: this.#call.record });
    return this.#admit(call);
  };

  #admit(call: Call): Promise<Response> {
    const passenger = new Passenger(this, call);
    this.#passengers.add(passenger);
    return passenger.promise;
  }

  /** One is gone: aborted, timed out, or done with its body. */
  leave(passenger: Passenger, reason: unknown): void {
    if (!this.#passengers.delete(passenger)) return;
    const isLast = this.#passengers.size === 0;
    if (this.#hasLanded) {
      if (isLast) this.#giveUpBody(passenger, reason);
      return;
    }
    if (this.#isFirst(passenger)) this.#call.record.isSurvived = !isLast;
    else this.#tell(passenger);
    if (isLast) this.#giveUp(passenger, reason);
  }

  protected override onAbort(): void {}

  #isFirst({ call }: Passenger): boolean {
    return call.record === this.#call.record;
  }

  /** Who has joined later sees the attempts as they went, by its own time. */
  #tell(passenger: Passenger): void {
    const { record } = passenger.call;
    const { attempts, startedAt } = this.#call.record;
    const earlierMs = startedAt - record.startedAt;
    record.attempts = attempts.map(attempt => ({ ...attempt, startMs: attempt.startMs + earlierMs }));
  }

  /** Nobody can join any more. */
  #forget(): void {
    const { flights, key } = this.#plan;
    if (flights.get(key) === this) flights.delete(key);
  }

  /** What ended the last caller ends the request, which knows only the first one's record. */
  #giveUp({ call }: Passenger, reason: unknown): void {
    this.#forget();
    const { record } = this.#call;
    const isOurs = HoldfastError.endedCall(reason, call.record);
    this.abort(isOurs && call.record !== record ? HoldfastError.forCall(reason, record) : reason);
    if (record.isSurvived) this.#plan.cutShort(errorOutcome(reason, this.#call), this.#call);
  }

  #giveUpBody({ call }: Passenger, reason: unknown): void {
    if (!this.#body || this.#body.end) return;
    if (reason === undefined) {
      this.#body.cancel();
      return;
    }
    const isOurs = reason instanceof TimeoutError && HoldfastError.endedCall(reason, call.record);
    this.abort(reason);
    this.#lease?.end(isOurs ? { kind: 'failed', error: reason } : { kind: 'aborted', reason });
  }

  #fail(error: unknown): void {
    this.#forget();
    const { record } = this.#call;
    for (const passenger of this.#disembark()) {
      if (!this.#isFirst(passenger)) this.#tell(passenger);
      const isOfFirst = HoldfastError.endedCall(error, record) && !this.#isFirst(passenger);
      passenger.fail(isOfFirst ? HoldfastError.forCall(error, passenger.call.record) : error);
    }
  }

  #disembark(): Passenger[] {
    const passengers = [...this.#passengers];
    this.#passengers.clear();
    return passengers;
  }

  #land(response: Response): void {
    this.#forget();
    this.#hasLanded = true;
    const [first, ...others] = this.#passengers;
    if (!first) discard(response);
    else if (others.length === 0) this.#hand(first, response);
    else if (isShareable(response, this.#plan.maxBufferedBytes)) this.#share(response);
    else {
      for (const passenger of others) this.#sendAlone(passenger);
      this.#hand(first, response);
    }
  }

  /** To the only one, as it is. */
  #hand(passenger: Passenger, response: Response): void {
    const { request } = passenger.call;
    if (!this.#isFirst(passenger)) this.#tell(passenger);
    this.#caller.become(request.callerSignal);
    passenger.take(response, reason => this.abort(reason));
  }

  #share(response: Response): void {
    const { body } = response;
    this.#lease = leaseOf(response);
    this.#body = body ? new SharedBody(body.getReader(), this.#plan.maxBufferedBytes) : undefined;
    for (const passenger of [...this.#passengers]) {
      if (!this.#isFirst(passenger)) this.#tell(passenger);
      passenger.share(response, this.#body?.open());
    }
    this.#body?.pump();
  }

  /** What came cannot be shared. */
  #sendAlone(passenger: Passenger): void {
    const { call } = passenger;
    this.#passengers.delete(passenger);
    call.record.coalesced = false;
    passenger.goWith(this.#plan.next({ ...call, isTimed: true }));
  }
}

/**
 * One of the calls that share a request, hanging from its own signal. Once it has its response it must not keep it:
 * an unread one has to stay garbage.
 */
class Passenger implements Hanging {
  next: Hanging | undefined;
  previous: Hanging | undefined;
  readonly call: Call;
  readonly #flight: Flight;
  readonly #stem: Stem | undefined;
  #pending: PromiseWithResolvers<Response> | undefined = Promise.withResolvers<Response>();
  #reader: BodyReader | undefined;
  #abortSole: ((reason: unknown) => void) | undefined;

  constructor(flight: Flight, call: Call) {
    this.#flight = flight;
    this.call = call;
    this.#stem = call.signal && stemOf(call.signal);
    this.#stem?.adopt(this);
  }

  /** Until it has settled. */
  get promise(): Promise<Response> {
    return (this.#pending as PromiseWithResolvers<Response>).promise;
  }

  /** The caller has gone, or its time is up: at once, whatever the others do. */
  abort(reason: unknown): void {
    this.#abortSole?.(reason);
    this.#reader?.fail(reason);
    this.#flight.leave(this, reason);
    this.fail(reason);
  }

  fail(error: unknown): void {
    this.#release();
    this.#pending?.reject(error);
    this.#pending = undefined;
  }

  /** The response itself. */
  take(response: Response, abort: (reason: unknown) => void): void {
    this.#abortSole = abort;
    leaseOf(response).onBodyEnd(() => this.#release());
    this.#resolve(response);
  }

  /** A copy of the response, with a body of its own. */
  share(response: Response, reader: BodyReader | undefined): void {
    this.#reader = reader;
    const copy = copyOf(response, reader?.stream ?? null);
    leaseOf(copy).onBodyEnd(() => {
      this.#reader?.close();
      this.#release();
      this.#flight.leave(this, undefined);
    });
    this.#resolve(copy);
  }

  /** The response of a request of its own. */
  goWith(own: Promise<Response>): void {
    this.#release();
    this.#pending?.resolve(own);
    this.#pending = undefined;
  }

  #resolve(response: Response): void {
    this.#pending?.resolve(response);
    this.#pending = undefined;
  }

  #release(): void {
    this.#stem?.drop(this);
  }
}

/** The signal that ends the reading of a body which has come in: that of everybody, or of the one who got it. */
class CallerSignal {
  #of: NonNullable<CallRequest['callerSignal']>;

  constructor(all: NonNullable<CallRequest['callerSignal']>) {
    this.#of = all;
  }

  get aborted(): boolean {
    return this.#of.aborted;
  }

  get reason(): unknown {
    return this.#of.reason;
  }

  become(sole: CallRequest['callerSignal']): void {
    if (sole) this.#of = sole;
  }
}
