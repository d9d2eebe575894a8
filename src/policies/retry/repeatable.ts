import { isReplayable } from '../../http/body.ts';
import { hasIdempotencyKey } from '../../http/headers.ts';
import type { Call, CallRequest } from '../../pipeline/call.ts';
import type { Snapshot } from '../../pipeline/snapshot.ts';

/** Whether a call may be sent again, and if not, what stands in the way. */
export type Repeatable = 'yes' | 'not-repeatable' | 'body-not-replayable';

export interface RepeatRules {
  /** Methods that are repeated as they are. */
  readonly methods: readonly string[];
  /** Whether every call under these rules is declared idempotent. */
  readonly idempotent: boolean;
}

/**
 * Idempotent by method, by key or by declaration, with a body that can be replayed.
 *
 * The body comes second: a caller who hears `body-not-replayable` need not wonder about the method.
 */
export function repeatable(request: CallRequest, rules: RepeatRules): Repeatable {
  if (!rules.idempotent && !rules.methods.includes(request.method) && !hasIdempotencyKey(request)) {
    return 'not-repeatable';
  }
  return canReplayBody(request) ? 'yes' : 'body-not-replayable';
}

/** The body of a `Request` is a stream whose source cannot be reached: it can be sent once. */
export function canReplayBody({ input, init }: CallRequest): boolean {
  if (init.body !== undefined && init.body !== null) return isReplayable(init.body);
  return !(typeof input === 'object' && 'body' in input && input.body);
}

/**
 * The stream that the body of a request can be read from once, if it is one: its own, or that of a `Request`. One that
 * somebody reads already, `fetch` will refuse.
 */
export function oneShotBody({ input, init }: CallRequest): ReadableStream<Uint8Array> | undefined {
  const own: unknown = init.body ?? (typeof input === 'object' && 'body' in input ? input.body : undefined);
  return own instanceof ReadableStream && !own.locked ? own : undefined;
}

/** The call as it is made again. */
export function replay(call: Call, attempt: number, { input, init }: Snapshot): Call {
  return { ...call, attempt, request: { ...call.request, input, init } };
}
