import { BulkheadFullError } from '../../errors.ts';
import { HostPart, type HostState } from '../../hosts/host-state.ts';
import { leaseOf } from '../../http/body-lease.ts';
import type { Call } from '../../pipeline/call.ts';
import type { BulkheadEvent } from '../../pipeline/events.ts';
import { type Handler, type Policy, requireResponse } from '../../pipeline/pipeline.ts';
import { takeDown } from '../../pipeline/snapshot.ts';
import {
  type BulkheadLimits,
  type BulkheadOptions,
  defaultPriority,
  noLimits,
  type Priority,
  readBulkheadOptions,
} from './limits.ts';
import { Permits } from './permits.ts';

/**
 * Caps the calls to one host that are under way at once, so that a slow host cannot take everything there is. A few wait
 * for their turn; the rest are refused at once.
 *
 * Sits inside `totalTimeout`, which ends the waiting, and outside `retry`: a call has one permit for all its attempts,
 * until the body of its response has ended. By hand it has permits of its own, apart from those of the policy.
 *
 * @throws TypeError or RangeError at construction, if an option will not do.
 * @throws BulkheadFullError from a call that finds no room, or has to give up its place.
 * @see {@link https://learn.microsoft.com/azure/architecture/patterns/bulkhead | Bulkhead pattern}
 */
export function bulkhead(options: BulkheadOptions = {}): Policy {
  const limits = readBulkheadOptions(options);
  const own = new HostPart(() => new Permits(limits));
  return function bulkhead(call, next) {
    return enter(call.host.part(own), defaultPriority, call, next);
  };
}

/** The one of the policy, whose permits belong to the host. */
export function hostBulkhead(limits: BulkheadLimits, priority: Priority): Policy {
  return function bulkhead(call, next) {
    return enter(permitsOf(call.host, limits), priority, call, next);
  };
}

const hostPermits = new HostPart(() => new Permits(noLimits));

/** The permits of a host, if it ever had a bulkhead. */
export const peekPermits = (host: HostState): Permits | undefined => host.peek(hostPermits);

/** The permits of a host, made on first use. */
export function permitsOf(host: HostState, limits: BulkheadLimits): Permits {
  const known = host.peek(hostPermits);
  if (known) return known;
  const permits = host.part(hostPermits);
  permits.adopt(limits);
  return permits;
}

/**
 * Other limits for a host, or none. Not left to its next call: that may be long in coming, and calls are waiting. Nor may
 * a call change them that was made under the limits of before.
 */
export function adoptBulkhead(host: HostState, limits: BulkheadLimits | false): void {
  if (limits) host.part(hostPermits).adopt(limits);
  else host.peek(hostPermits)?.adopt(noLimits);
}

function enter(permits: Permits, priority: Priority, call: Call, next: Handler): Promise<Response> {
  if (permits.tryAcquire()) return send(permits, call, next);
  return waitForTurn(permits, priority, call).then(ready => send(permits, ready, next));
}

/** What goes out later goes out as it is now, whatever its caller does with the same objects meanwhile. */
async function waitForTurn(permits: Permits, priority: Priority, call: Call): Promise<Call> {
  const { host, record, request, runtime, signal } = call;
  signal?.throwIfAborted();
  const ready = { ...call, request: { ...request, ...takeDown(request) } };
  const queuedAt = runtime.clock.now();
  const full = (why: 'full' | 'displaced') =>
    new BulkheadFullError(record, { ...permits.limits, waiting: permits.waiting }, why);
  const tell = (action: BulkheadEvent['action']) => {
    const { inUse, waiting } = permits;
    const queuedMs = runtime.clock.now() - queuedAt;
    runtime.emit?.({
      type: 'bulkhead',
      call: record,
      host: host.key,
      action,
      priority,
      queuedMs,
      inUse,
      waiting,
    });
  };
  const place = permits.queue(priority, signal, () => full('displaced'));
  if (!place) {
    tell('refused');
    throw full('full');
  }
  tell('queued');
  try {
    await place.turn;
  } catch (error) {
    record.queuedMs += runtime.clock.now() - queuedAt;
    tell(signal?.aborted ? 'left' : 'displaced');
    throw error;
  }
  record.queuedMs += runtime.clock.now() - queuedAt;
  tell('admitted');
  // Aborted since it was its turn: there is a turn of the event loop's queue between there and here.
  if (signal?.aborted) {
    permits.release();
    throw signal.reason;
  }
  return ready;
}

/** With a permit, which is given back whatever happens. Nothing here may name the response: an unread one must stay garbage. */
function send({ release }: Permits, call: Call, next: Handler): Promise<Response> {
  const fail = (error: unknown): never => {
    release();
    throw error;
  };
  try {
    return next(call).then(response => {
      try {
        leaseOf(requireResponse(response)).onLeaseEnd(release);
        return response;
      } catch (error) {
        return fail(error);
      }
    }, fail);
  } catch (error) {
    return fail(error);
  }
}
