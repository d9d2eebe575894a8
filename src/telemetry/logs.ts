import type { CallRecord } from '../call-record.ts';
import { redactUrlsIn } from '../http/redact.ts';
import { createStamp } from '../http/stamp.ts';
import { uniqueId } from '../pipeline/clock.ts';
import type { CallEndEvent, HoldfastEvent } from '../pipeline/events.ts';
import type { Listener } from './event-hub.ts';
import { hasRecovered, outcomeOf } from './outcome.ts';

/** What a line holds beside its message. Field names are those of OpenTelemetry's log conventions where it has one. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Anything with pino's shape: a method per level that takes an object and a message. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

type Level = keyof Logger;

/** One line of JSON per entry, on the console's stream of each level. */
export const consoleLogger: Logger = {
  debug: (fields, message) => console.debug(line('debug', fields, message)),
  info: (fields, message) => console.info(line('info', fields, message)),
  warn: (fields, message) => console.warn(line('warn', fields, message)),
  error: (fields, message) => console.error(line('error', fields, message)),
};

const line = (level: Level, fields: LogFields, message: string): string =>
  JSON.stringify({ level, ...fields, msg: message }, (_, value) =>
    value instanceof Error ? readable(value) : value,
  );

/** JSON finds nothing in an error that does not say how. */
const readable = ({ name, message }: Error): LogFields => ({ name, message });

/** Writes a line per retry, per call that needed recovery or failed, and per change of a host. */
export function eventLog(logger: Logger): Listener {
  return {
    isOn: () => true,
    hear(event) {
      const entry = entryOf(event);
      // Handed on, as an async logger's mistakes must not matter either.
      return entry && logger[entry.level](withoutGaps(entry.fields), entry.message);
    },
  };
}

interface Entry {
  readonly level: Level;
  readonly fields: LogFields;
  readonly message: string;
}

function entryOf(event: HoldfastEvent): Entry | undefined {
  switch (event.type) {
    case 'retry': {
      const { call, attempt, delayMs, retryAfterMs } = event;
      const error = event.status ?? event.code;
      const fields = { ...callFields(call), attempt, error, delayMs: round(delayMs), retryAfterMs };
      return {
        level: 'warn',
        fields,
        message: `attempt ${attempt} failed, retried after ${round(delayMs)} ms`,
      };
    }
    case 'retry-refused': {
      const { call, attempt, reason, retryAfterMs } = event;
      const entry = call.attempt(attempt);
      const fields = {
        ...callFields(call),
        attempt,
        error: entry?.status ?? entry?.code,
        reason,
        retryAfterMs,
      };
      return { level: 'warn', fields, message: `attempt ${attempt} failed, not retried: ${reason}` };
    }
    case 'call-end':
      return callEntry(event);
    case 'circuit': {
      const { type: _, call, ...fields } = event;
      return {
        level: 'warn',
        fields: { trace_id: call?.traceId, ...fields },
        message: `circuit of ${event.host}: ${event.from} to ${event.to}`,
      };
    }
    case 'host-pause': {
      const { host, pauseMs, status, call } = event;
      return {
        level: 'warn',
        fields: { trace_id: call.traceId, host, pauseMs, status },
        message: `${host} asked for a pause`,
      };
    }
    case 'overload': {
      const { host, isOverloaded, limit, call } = event;
      return {
        level: 'warn',
        fields: { trace_id: call.traceId, host, ...(isOverloaded && { limit }) },
        message: isOverloaded ? `${host} is overloaded` : `${host} is no longer overloaded`,
      };
    }
    case 'bulkhead': {
      const { call, action, priority, queuedMs, inUse, waiting } = event;
      if (action !== 'refused' && action !== 'displaced') return undefined;
      const fields = { ...callFields(call), action, priority, queuedMs: round(queuedMs), inUse, waiting };
      return { level: 'warn', fields, message: `no room in the bulkhead of ${event.host}: ${action}` };
    }
    case 'rate-limit': {
      const { call, host, action, readyMs, waiting } = event;
      if (action !== 'exhausted') return undefined;
      const fields = { trace_id: call.traceId, host, readyMs: round(readyMs), waiting };
      return { level: 'warn', fields, message: `${host} says that its quota is used up` };
    }
    case 'policy-updated':
      return { level: 'info', fields: {}, message: 'another policy is in place' };
    case 'policy-refused':
      return {
        level: 'error',
        fields: { err: event.error },
        message: 'a changed policy will not do; the present one stays',
      };
    case 'validation': {
      const { call, operation, direction, part, issues } = event;
      const fields = { ...callFields(call), operation, direction, part, issues };
      return { level: 'warn', fields, message: `${part} of a ${direction} will not do and passes` };
    }
    case 'fallback': {
      const { call, name, error, status } = event;
      const fields = { ...callFields(call), fallback: name, error: codeOf(error) ?? status };
      return { level: 'warn', fields, message: `answered by the fallback "${name}"` };
    }
    case 'fallback-failed': {
      const { call, name, error, status, reason } = event;
      const fields = { ...callFields(call), fallback: name, error: codeOf(error) ?? status, err: reason };
      return { level: 'warn', fields, message: `the fallback "${name}" has not answered` };
    }
    case 'cache': {
      const { call, because, ageMs, failure } = event;
      // What is as the service allows is no news; what stands in for a failure is.
      if (because !== 'error' && because !== 'circuit-open') return undefined;
      const fields = { ...callFields(call), because, ageMs: round(ageMs ?? 0), error: failure };
      return { level: 'warn', fields, message: `answered from the cache with a stale answer: ${because}` };
    }
    case 'cache-refresh': {
      const { call, result, status, code } = event;
      if (result !== 'failed') return undefined;
      const fields = { ...callFields(call), error: status ?? code };
      return { level: 'warn', fields, message: 'a stale answer could not be renewed in the background' };
    }
    case 'cache-store-failed': {
      const { call, operation, error } = event;
      const fields = { ...callFields(call), operation, error: messageOf(error) };
      return { level: 'warn', fields, message: `the store of the cache failed: ${operation}` };
    }
    case 'chaos': {
      const { call, attempt, faults } = event;
      const fields = { ...callFields(call), attempt, faults };
      return { level: 'warn', fields, message: `chaos in attempt ${attempt}: ${faults.join(', ')}` };
    }
    case 'warning':
      return { level: 'warn', fields: { code: event.code }, message: event.message };
    default:
      return undefined;
  }
}

/** A call that went well without a retry is no news. */
function callEntry(event: CallEndEvent): Entry | undefined {
  const { call, status, error, durationMs } = event;
  const attempts = call.sentAttempts;
  const isFailure = status === undefined || status >= 500;
  if (call.retries === 0 && !isFailure) return undefined;
  const result = outcomeOf(event);
  const fields = {
    ...callFields(call),
    attempts,
    elapsedMs: round(durationMs),
    status,
    error: codeOf(error),
    result,
  };
  if (result === 'cancelled') return { level: 'info', fields, message: 'call given up by its caller' };
  if (call.coalesced && !isFailure) return undefined;
  if (hasRecovered(call))
    return { level: 'info', fields, message: `call recovered after ${attempts} attempts` };
  if (isFailure) return { level: 'error', fields, message: `call failed: ${result}` };
  return { level: 'info', fields, message: `call ended: ${result}` };
}

/** That of an AbortError is a number that tells nobody anything. */
function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** A store's own words, without the credentials that its address may have. */
const messageOf = (error: unknown): string =>
  redactUrlsIn(error instanceof Error ? error.message : String(error));

const ids = createStamp<string>();

function idOf(call: CallRecord): string {
  const known = ids.get(call);
  if (known !== undefined) return known;
  const id = uniqueId();
  ids.set(call, id);
  return id;
}

function callFields(call: CallRecord): LogFields {
  const { traceId, method, url, host } = call;
  return { trace_id: traceId, callId: idOf(call), method, url, host };
}

/** What is not known is left out. */
const withoutGaps = (fields: LogFields): LogFields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const round = (ms: number): number => Math.round(ms * 10) / 10;
