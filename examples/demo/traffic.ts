import type { CallLog, LoggedCall, ScheduledCall } from './call-log.ts';
import type { Client } from './clients.ts';
import { failureOf } from './failure.ts';
import { type Elapsed, sleepUntil } from './time.ts';

/** One client with the service that it has to itself. */
export interface Lane {
  readonly client: Client;
  readonly origin: string;
  readonly log: CallLog;
}

/**
 * Starts every call in every lane when it is due, and resolves when the last one has ended.
 *
 * @param fail - hears of an error that no service can cause.
 */
export async function sendTraffic(
  calls: readonly ScheduledCall[],
  lanes: readonly Lane[],
  elapsed: Elapsed,
  signal: AbortSignal,
  fail: (error: unknown) => void,
): Promise<void> {
  const running: Promise<void>[] = [];
  for (const call of calls) {
    await sleepUntil(call.atMs, elapsed, signal);
    for (const lane of lanes) running.push(send(call, lane, elapsed).catch(fail));
  }
  await Promise.all(running);
}

async function send(call: ScheduledCall, { client, origin, log }: Lane, elapsed: Elapsed): Promise<void> {
  const logged = log.start(call);
  try {
    logged.failure = await outcomeOf(call, client, origin);
  } finally {
    logged.endMs = elapsed();
  }
}

/** A call counts as answered once its JSON has been read to the end; the failure is named otherwise. */
async function outcomeOf(
  call: ScheduledCall,
  client: Client,
  origin: string,
): Promise<LoggedCall['failure']> {
  try {
    const response = await client.send(...requestFor(call, origin));
    if (response.ok) return readBody(response);
    await response.arrayBuffer();
    return `HTTP ${response.status}`;
  } catch (error) {
    return failureOf(error) ?? Promise.reject(error);
  }
}

/**
 * fetch resolves with the headers, and so does holdfast: a body that breaks after them reaches the reader as it is,
 * because bytes that were handed out cannot be taken back. Both sides fail here alike.
 */
async function readBody(response: Response): Promise<LoggedCall['failure']> {
  try {
    await response.json();
    return undefined;
  } catch (error) {
    return failureOf(error) === 'timed out' ? 'timed out' : 'body cut';
  }
}

export const orderKey = (id: number): string => `order-${id}`;

function requestFor({ id, method }: ScheduledCall, origin: string): [url: string, init: RequestInit] {
  if (method === 'GET') return [`${origin}/items/${id}`, { method }];
  const headers = { 'content-type': 'application/json', 'idempotency-key': orderKey(id) };
  return [`${origin}/orders/${id}`, { method, headers, body: JSON.stringify({ item: id }) }];
}
