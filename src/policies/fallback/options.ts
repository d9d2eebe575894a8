import type { CallRecord } from '../../call-record.ts';
import type { ErrorCode, HoldfastError } from '../../errors.ts';
import { isReplayable } from '../../http/body.ts';
import type { CallRequest } from '../../pipeline/call.ts';
import { MAX_TIMER_MS } from '../../pipeline/clock.ts';
import {
  type Check,
  type Checks,
  duration,
  readOptions,
  requireObject,
  show,
  text,
} from '../../pipeline/options.ts';
import { isKept } from './kept-response.ts';

/** Codes of our errors that say that a call got no answer, and were not asked for by whoever made it. */
export type FallbackCode = Exclude<ErrorCode, 'CLOSED' | 'STATUS' | 'VALIDATION' | 'TOKEN'>;

const codes: Readonly<Record<FallbackCode, true>> = {
  NETWORK: true,
  TIMEOUT: true,
  CIRCUIT_OPEN: true,
  HOST_PAUSED: true,
  BULKHEAD_FULL: true,
  RATE_LIMITED: true,
  OVERLOADED: true,
  THROTTLED: true,
};

export const fallbackCodes: readonly FallbackCode[] = Object.keys(codes) as FallbackCode[];

/** Fit for a header. */
export const fallbackName: RegExp = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** What is known of a call that has failed. */
export interface FallbackFailure {
  /** Why there was no answer; undefined if there was one, with a status of `onlyFor`. */
  readonly error: HoldfastError | undefined;
  readonly status: number | undefined;
  /** A copy of the answer with such a status, to be read or left alone; undefined if there was none. */
  readonly response: Response | undefined;
  /** What was asked for. */
  readonly request: CallRequest;
  /** What has happened so far. */
  readonly call: CallRecord;
  /** Aborts when nobody waits any more: the caller has gone, `maxMs` is over, the client was closed. */
  readonly signal: AbortSignal;
}

/** A call that stands in, with the policy of its own host. */
export interface FallbackCall {
  readonly url: string | URL;
  /** As for `fetch`. Its body can be sent again and again; the signal is that of the call that it stands in for. */
  readonly init?: RequestInit;
}

/** What answers when a call has failed. One of `response`, `value`, `answer` and `call`. */
export interface FallbackOptions {
  /** Of which every call gets a fresh copy. */
  readonly response?: Response;
  /** Answered as JSON, with status 200. */
  readonly value?: unknown;
  /**
   * Makes a `Response`, a new one for each call, or a value that is answered as JSON; undefined for none: then the call
   * fails as it has. It is not asked for the calls that it makes itself.
   */
  readonly answer?: (failure: FallbackFailure) => unknown;
  /** Answers if its own answer is a success. It has no fallback itself. */
  readonly call?: string | URL | FallbackCall;
  /** What it is called in `responseInfo()`, in events, logs and headers. @defaultValue 'fallback' */
  readonly name?: string;
  /**
   * Which failures: codes of errors, and statuses from 400 to 599. By default every network failure, timeout and
   * rejection, and no status. Never the caller's own abort, nor that the client was closed.
   */
  readonly onlyFor?: readonly (FallbackCode | number)[];
  /**
   * How long, in milliseconds from 1, there may be no answer from it.
   * @defaultValue 5_000
   */
  readonly maxMs?: number;
}

export const fallbackDefaults: { readonly name: string; readonly maxMs: number } = Object.freeze({
  name: 'fallback',
  maxMs: 5_000,
});

/** What the options come to. */
export interface FallbackRules {
  readonly name: string;
  readonly maxMs: number;
  /** Undefined for all. */
  readonly codes: ReadonlySet<string> | undefined;
  readonly statuses: ReadonlySet<number>;
  readonly source: Source;
}

export type Source =
  | { readonly kind: 'response'; readonly response: Response }
  | { readonly kind: 'value'; readonly json: string }
  | { readonly kind: 'answer'; readonly answer: (failure: FallbackFailure) => unknown }
  | { readonly kind: 'call'; readonly url: string; readonly init: RequestInit };

const kinds = ['response', 'value', 'answer', 'call'] as const;

const response: Check = (value, name) => {
  if (!(value instanceof Response))
    throw new TypeError(`\`${name}\` should be a Response, got ${show(value)}.`);
  if (isKept(value)) return;
  if (value.status < 200 || value.bodyUsed || value.body?.locked)
    throw new TypeError(`\`${name}\` should be a Response with a status and a body that nobody has read.`);
};

const json: Check = (value, name) => {
  let written: string | undefined;
  try {
    written = JSON.stringify(value);
  } catch {
    // Said below.
  }
  if (written === undefined)
    throw new TypeError(`\`${name}\` should be what JSON can hold, got ${show(value)}.`);
};

const answer: Check = (value, name) => {
  if (typeof value !== 'function')
    throw new TypeError(`\`${name}\` should be a function, got ${show(value)}.`);
};

/** With an origin of its own. */
export const httpUrl: RegExp = /^https?:\/\/[^\s/]/i;

const url: Check = (value, name) => {
  const isUrl = typeof value === 'string' || value instanceof URL;
  if (!isUrl || !httpUrl.test(String(value)) || !URL.canParse(value))
    throw new TypeError(`\`${name}\` should be an absolute URL of http or https, got ${show(value)}.`);
};

const init: Check = (value, name) => {
  requireObject(value, name);
  const { signal, body, ...others } = value as RequestInit;
  if (signal)
    throw new TypeError(`\`${name}.signal\` is that of the call that it stands in for. Leave it out.`);
  if ('policy' in others)
    throw new TypeError(
      `\`${name}.policy\` cannot be given: the call has the policy of its host. Set it under \`hosts\`.`,
    );
  if (!isReplayable(body))
    throw new TypeError(`\`${name}.body\` should be one that can be sent again and again, got a stream.`);
};

const call: Check = (value, name) => {
  if (typeof value === 'string' || value instanceof URL) return url(value, name);
  const { url: target } = readOptions(name, value as FallbackCall, { url, init }, {});
  if (target === undefined) throw new TypeError(`\`${name}.url\` should be given.`);
};

const trigger: Check = (value, name) => {
  if (typeof value === 'string' && Object.hasOwn(codes, value)) return;
  if (Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599) return;
  const known = fallbackCodes.map(show).join(', ');
  throw new TypeError(
    `\`${name}\` should be a status from 400 to 599 or one of ${known}, got ${show(value)}.`,
  );
};

const triggers: Check = (value, name) => {
  if (!Array.isArray(value) || value.length === 0)
    throw new TypeError(
      `\`${name}\` should be a list that is not empty, got ${show(value)}. Leave it out for every failure.`,
    );
  value.forEach((item, index) => {
    trigger(item, `${name}[${index}]`);
  });
};

const checks: Checks<FallbackOptions> = {
  response,
  value: json,
  answer,
  call,
  name: text(fallbackName, 'a text of visible ASCII characters'),
  onlyFor: triggers,
  maxMs: duration({ min: 1, max: MAX_TIMER_MS }),
};

/**
 * @throws TypeError or RangeError if an option will not do, and if what answers is missing or given twice.
 */
export function readFallbackOptions(options: FallbackOptions, path = 'fallback'): FallbackRules {
  const read = readOptions(path, options, checks, fallbackDefaults);
  const given = kinds.filter(kind => read[kind] !== undefined);
  if (given.length !== 1) {
    const names = given.map(kind => `\`${kind}\``).join(' and ');
    throw new TypeError(
      `\`${path}\` should have one of \`response\`, \`value\`, \`answer\` and \`call\`, got ${names || 'none'}.`,
    );
  }
  const { name, maxMs, onlyFor } = read;
  return {
    name,
    maxMs,
    codes: onlyFor && new Set(onlyFor.filter(item => typeof item === 'string')),
    statuses: new Set(onlyFor?.filter(item => typeof item === 'number')),
    source: sourceOf(read),
  };
}

function sourceOf({ response, value, answer, call }: FallbackOptions): Source {
  if (response) return { kind: 'response', response };
  if (answer) return { kind: 'answer', answer };
  if (!call) return { kind: 'value', json: JSON.stringify(value) };
  if (typeof call === 'string' || call instanceof URL) return { kind: 'call', url: String(call), init: {} };
  return { kind: 'call', url: String(call.url), init: call.init ?? {} };
}
