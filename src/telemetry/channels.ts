import type { HoldfastEvent } from '../pipeline/events.ts';
import type { Listener } from './event-hub.ts';

/** A channel of `node:diagnostics_channel`. */
interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

interface Channels {
  channel(name: string): Channel;
}

/** Not everywhere, and never at the cost of a bundler's complaint. */
const node = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
const available = node?.getBuiltinModule?.('node:diagnostics_channel') as Channels | undefined;

const types: readonly HoldfastEvent['type'][] = [
  'call-start',
  'call-end',
  'body-end',
  'attempt-start',
  'attempt-end',
  'retry',
  'retry-refused',
  'slow-call',
  'circuit',
  'host-pause',
  'bulkhead',
  'rate-limit',
  'policy-updated',
  'policy-refused',
  'warning',
  'validation',
  'fallback',
  'fallback-failed',
  'coalesced',
];

const byType = new Map(types.map(type => [type, available?.channel(`holdfast:${type}`)]));
const all = [...byType.values()].filter(channel => channel !== undefined);

/** Every event on the channel of its type, `holdfast:retry` for a retry, for whoever watches a process from outside. */
export const channels: Listener = {
  isOn() {
    for (const channel of all) if (channel.hasSubscribers) return true;
    return false;
  },
  hear(event) {
    const channel = byType.get(event.type);
    if (channel?.hasSubscribers) channel.publish(event);
  },
};

/** undici says when a request of its begins; who listens there makes spans and metrics of it, as we do. */
const undiciRequests = available?.channel('undici:request:create');

/** Whether an instrumentation of undici is at work, which the global `fetch` of Node stands on. */
export const isUndiciInstrumented = (): boolean => undiciRequests?.hasSubscribers === true;
