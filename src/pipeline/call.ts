import type { CallRecord } from '../call-record.ts';
import type { HostState } from '../hosts/host-state.ts';
import type { Branch } from './branch.ts';
import type { Clock, Random } from './clock.ts';
import type { Emit } from './events.ts';
import type { OpenCalls } from './open-calls.ts';
import type { EnclosingCall, OuterCall } from './outer-call.ts';

/** What the caller asked for, as the transport will be handed it. */
export interface CallRequest {
  /** The caller's own first argument. */
  readonly input: string | URL | Request;
  /** A copy of the caller's second argument, without `policy`; members we do not know are kept. */
  readonly init: RequestInit;
  /** In the spelling that goes on the wire. */
  readonly method: string;
  readonly url: URL;
  /** The template that the path was made from, if the caller says so; for telemetry. */
  readonly urlTemplate?: string;
  /** The caller's own signal, which also ends the reading of a body that has come in. */
  readonly callerSignal?: Pick<AbortSignal, 'aborted' | 'reason'> | undefined;
  /** Follows redirects in our own code, so that it is known of a failure whether it came before the first of them. */
  readonly ownRedirects?: boolean;
}

/** What a policy may ask of the world: time, chance, and someone to tell. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  /** Looked up at each event: those who listen come and go. */
  readonly emit: Emit;
  /** The state of the host of another URL, for who sends a call elsewhere. */
  hostOf(url: URL): HostState;
  /**
   * The calls whose response has not ended yet.
   * @internal
   */
  readonly open: OpenCalls;
}

/** One logical call, or one branch of it, on its way down. Policies hand a changed copy to `next`; they never edit it. */
export interface Call {
  readonly request: CallRequest;
  /** Aborts this branch of the call: the caller, a timeout, or a hedge that lost. */
  readonly signal: AbortSignal | undefined;
  /**
   * What aborts `signal`, for a transport of ours to hang on: a listener costs more than all the rest of it.
   * @internal
   */
  readonly branch?: Branch | undefined;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Whether it is an attempt beside another that has not answered yet. */
  readonly hedge?: true;
  /** The origin that this attempt goes to, where there are several to choose from. */
  readonly endpoint?: string;
  /** The call that this one was made within an attempt of, if it was. */
  readonly outer?: OuterCall | undefined;
  /**
   * What calls that are made within its attempts see of it; undefined if none can be, or it stands apart.
   * @internal
   */
  readonly enclosing?: EnclosingCall | undefined;
  /**
   * The instant, on the runtime's clock, when the total timeout, or that of an outer call, ends the call; Infinity without
   * one.
   */
  readonly deadlineAt: number;
  /**
   * Its time is kept further out, by each of those who share it.
   * @internal
   */
  readonly isTimed?: boolean;
  /** What outlives the call: circuit, budget and pause of the host it goes to. */
  readonly host: HostState;
  /** What has happened so far. The one thing that all branches of a call share and add to. */
  readonly record: CallRecord;
  readonly runtime: Runtime;
}
