/**
 * What vendors' extensions say of retries and time, as the policy of an endpoint: what comes to the same is written, and
 * what does not is told of.
 *
 * @see {@link https://www.speakeasy.com/docs/sdks/customize/runtime/retries | x-speakeasy-retries},
 * {@link https://www.speakeasy.com/docs/sdks/customize/runtime/timeouts | x-speakeasy-timeout},
 * {@link https://buildwithfern.com/learn/api-definitions/openapi/extensions/retry-behavior | x-fern-retries}
 */
import { MAX_TIMER_MS } from '../../pipeline/clock.ts';
import { defaultTotalTimeoutMs } from '../../policies/timeout.ts';
import type { Node } from '../document/node.ts';
import type { Problems } from '../document/problems.ts';

/** The part of a `CallPolicy` that a document can say something of. */
interface PolicyHints {
  readonly totalTimeoutMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly retry?: RetryHints | false;
}

interface RetryHints {
  readonly backoff?: 'constant';
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly maxElapsedMs?: number;
  readonly statuses?: readonly number[];
}

/**
 * @param owner - an operation; or the document, for what holds for all.
 * @returns undefined where nothing is said that a policy could hold.
 */
export function policyOf(owner: Node, problems: Problems): PolicyHints | undefined {
  const retry = retryOf(owner, problems);
  const policy = { ...timeoutsOf(owner, problems), ...(retry !== undefined && { retry }) };
  return Object.keys(policy).length > 0 ? policy : undefined;
}

function timeoutsOf(owner: Node, problems: Problems): PolicyHints {
  const attemptTimeoutMs = durationOf(owner, 'x-speakeasy-timeout', 1, problems);
  if (attemptTimeoutMs === undefined) return {};
  // A call that ends before its first attempt may would not have the time that the document gives it.
  return attemptTimeoutMs > defaultTotalTimeoutMs
    ? { totalTimeoutMs: attemptTimeoutMs, attemptTimeoutMs }
    : { attemptTimeoutMs };
}

function retryOf(owner: Node, problems: Problems): RetryHints | false | undefined {
  if (owner.get('x-fern-retries')?.flag('disabled') === true) return false;
  const retries = owner.get('x-speakeasy-retries');
  if (!retries) return undefined;
  const strategy = retries.text('strategy');
  if (strategy === 'none') return false;
  if (strategy !== 'backoff') {
    const what = JSON.stringify(retries.get('strategy')?.value ?? retries.value);
    problems.warn(`There is no strategy ${what} of retries.`, 'It is left out.', retries);
    return undefined;
  }
  if (retries.flag('retryConnectionErrors') === false)
    problems.note(
      'Connection errors should not be retried.',
      'They are, as far as the call may be repeated.',
      retries.get('retryConnectionErrors'),
    );
  const hints = { ...backoffOf(retries.get('backoff'), problems), ...statusesOf(retries, problems) };
  return Object.keys(hints).length > 0 ? hints : undefined;
}

/** What Speakeasy takes where only one of the two is given: both are written, so that they stay in order. */
const usual = { initialInterval: 500, maxInterval: 60_000 };

function backoffOf(backoff: Node | undefined, problems: Problems): RetryHints {
  if (!backoff) return {};
  const initial = durationOf(backoff, 'initialInterval', 0, problems);
  const longest = durationOf(backoff, 'maxInterval', 0, problems);
  const maxElapsedMs = durationOf(backoff, 'maxElapsedTime', 0, problems);
  if (maxElapsedMs !== undefined)
    problems.note(
      'Retries are not counted, and end by time.',
      'They also end with the `maxRetries` and the `totalTimeoutMs` of the client.',
      backoff,
    );
  return {
    ...growthOf(backoff, problems),
    ...(initial !== undefined || longest !== undefined ? delays(initial, longest) : {}),
    ...(maxElapsedMs !== undefined && { maxElapsedMs }),
  };
}

function delays(initial: number | undefined, longest: number | undefined): RetryHints {
  const maxDelayMs = longest ?? Math.max(usual.maxInterval, initial ?? 0);
  return { baseDelayMs: Math.min(initial ?? usual.initialInterval, maxDelayMs), maxDelayMs };
}

function growthOf(backoff: Node, problems: Problems): RetryHints {
  const exponent = backoff.number('exponent');
  if (exponent === 1) return { backoff: 'constant' };
  if (exponent !== undefined && exponent !== 2)
    problems.note(`Delays should grow by ${exponent}.`, 'They double.', backoff.get('exponent'));
  return {};
}

function durationOf(owner: Node, name: string, least: number, problems: Problems): number | undefined {
  const node = owner.get(name);
  if (!node) return undefined;
  const value = owner.number(name);
  if (value !== undefined && value >= least && value <= MAX_TIMER_MS) return value;
  problems.warn(
    `${name} should be a number of milliseconds from ${least} to ${MAX_TIMER_MS}, and is ${JSON.stringify(node.value)}.`,
    'It is left out.',
    node,
  );
  return undefined;
}

/** The statuses that ranges stand for, as far as they are registered. */
const registered: Readonly<Record<string, readonly number[]>> = {
  '4XX': [
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423,
    424, 425, 426, 428, 429, 431, 451,
  ],
  '5XX': [500, 501, 502, 503, 504, 505, 506, 507, 508, 511],
};

function statusesOf(retries: Node, problems: Problems): RetryHints {
  const listed = retries.get('statusCodes')?.items() ?? [];
  const statuses = new Set(listed.flatMap(node => statusesFor(node, problems)));
  return statuses.size > 0 ? { statuses: [...statuses].sort((one, other) => one - other) } : {};
}

function statusesFor(node: Node, problems: Problems): readonly number[] {
  const text = String(node.value).toUpperCase();
  const range = Object.hasOwn(registered, text) ? registered[text] : undefined;
  if (range) return range;
  if (/^[45]\d\d$/.test(text)) return [Number(text)];
  problems.warn(`${JSON.stringify(node.value)} is no status of a failure.`, 'It is not retried.', node);
  return [];
}
