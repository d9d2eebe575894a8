/**
 * Runs the definitions of the suite against a cache in a client, over a real server. What they mean is written down in
 * the suite's own README. Time stands still, but where a test says pause: three seconds.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Definition, Field, Step } from './definitions.ts';

export type Verdict = 'pass' | 'fail' | 'setup';

/** Time, as the cache, the server and the definitions see it. */
export interface Present {
  now(): number;
  advance(ms: number): void;
}

interface Seen {
  readonly number: number;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  /** What the client should see of the answer, if it sees this one. */
  readonly answered: [string, string][];
}

interface Run {
  readonly steps: Step[];
  readonly seen: Seen[];
}

class Failure extends Error {
  readonly isSetup: boolean;
  constructor(isSetup: boolean, message: string) {
    super(message);
    this.isSetup = isSetup;
  }
}

/** A step may be there only to prepare the others: then a failure is none of the cache under test. */
const expectThat = (step: Step, member: string, holds: boolean, message: string): void => {
  if (!holds) throw new Failure(step.setup === true || step.setup_tests?.includes(member) === true, message);
};

const prepared = (holds: boolean, message: string): void => {
  if (!holds) throw new Failure(true, message);
};

const withoutBody = new Set([204, 304]);
const dates = new Set(['date', 'expires', 'last-modified', 'if-modified-since', 'if-unmodified-since']);

function httpDate(at: number, isOld: boolean): string {
  const text = new Date(at).toUTCString();
  if (!isOld) return text;
  const [, day, month, year, time] = text.split(' ');
  const weekday = new Date(at).toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
  return `${weekday}, ${day}-${month}-${year?.slice(2)} ${time} GMT`;
}

export class Runner {
  readonly #runs = new Map<string, Run>();
  readonly #present: Present;
  readonly #server: Server;
  #count = 0;

  constructor(present: Present) {
    this.#present = present;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  /** Runs one test with a client of which the cache is under test. */
  async run(fetch: typeof globalThis.fetch, { requests }: Definition): Promise<[Verdict, string]> {
    // As long as the suite's own, which some tests count on.
    const id = `run-${String(++this.#count).padStart(32, '0')}`;
    const run: Run = { steps: structuredClone(requests), seen: [] };
    this.#runs.set(id, run);
    try {
      const responses: Response[] = [];
      for (const [index, step] of run.steps.entries()) {
        const sending = fetch(this.#url(id, step), this.#init(step, index + 1, responses.at(-1)));
        // Where the server hangs up and nothing that is kept may be used, a failure is what a client should see.
        if (step.disconnect && step.expected_type === 'not_cached') {
          const isLost = await sending.then(
            () => false,
            () => true,
          );
          expectThat(step, 'expected_type', isLost, `answer ${index + 1} is from the cache`);
          continue;
        }
        const response = await sending;
        responses.push(response);
        await this.#check(id, step, index + 1, response);
        if (step.pause_after) {
          await settled();
          this.#present.advance(3_000);
        }
      }
      this.#checkServer(run, responses);
      return ['pass', ''];
    } catch (error) {
      const isSetup = error instanceof Failure && error.isSetup;
      return [isSetup ? 'setup' : 'fail', error instanceof Error ? error.message : String(error)];
    }
  }

  #url(id: string, { filename, query_arg: query }: Step): string {
    const { port } = this.#server.address() as AddressInfo;
    const path = `${filename === undefined ? '' : `/${filename}`}${query === undefined ? '' : `?${query}`}`;
    return `http://127.0.0.1:${port}/test/${id}${path}`;
  }

  #init(step: Step, number: number, previous: Response | undefined): RequestInit {
    const headers = (step.request_headers ?? []).map(([name, value]): [string, string] => {
      const isRelative = step.magic_ims && name.toLowerCase() === 'if-modified-since';
      const since = Number(previous?.headers.get('server-now'));
      return [name, isRelative ? httpDate(since + Number(value) * 1_000, false) : String(value)];
    });
    const { request_method: method, request_body: body, mode, cache, redirect } = step;
    return {
      ...(method && { method }),
      ...(body !== undefined && { body }),
      ...(mode && { mode }),
      ...(cache && { cache }),
      ...(redirect && { redirect }),
      headers: [...headers, ['Req-Num', String(number)]],
    };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const id = request.url?.split(/[/?]/)[2] ?? '';
    const run = this.#runs.get(id);
    const number = Number(request.headers['req-num']);
    const step = run?.steps[number - 1];
    if (!run || !step) return void response.writeHead(409).end();
    const [status, phrase] = statusFor(step, run.steps[number - 2], request.headers);
    const now = this.#present.now();
    response.sendDate = false;
    response.statusCode = status;
    response.statusMessage = phrase;
    const headers: [string, string, boolean][] = (step.response_headers ?? []).map(field => [
      field[0],
      this.#value(field, step, request.url ?? '', now),
      field.length < 3 || field[2] === true,
    ]);
    const has = (wanted: string) => headers.some(([name]) => name.toLowerCase() === wanted);
    if (!has('date')) response.setHeader('Date', new Date(now).toUTCString());
    if (!has('content-type')) response.setHeader('Content-Type', 'text/plain');
    response.setHeader('Server-Now', String(now));
    response.setHeader('Server-Base-Url', request.url ?? '');
    response.setHeader('Server-Request-Count', String(run.seen.length + 1));
    response.setHeader('Request-Numbers', [...run.seen.map(seen => seen.number), number].join(' '));
    for (const [name, value] of headers) response.appendHeader(name, value);
    const answered = new Map(
      headers
        .filter(([, , isSaved]) => isSaved)
        .map(([name]) => [name, String(flat(response.getHeader(name)))]),
    );
    run.seen.push({
      number,
      method: request.method ?? '',
      headers: request.headers,
      answered: [...answered],
    });
    if (step.disconnect) return void request.socket.destroy();
    // With a coding other than chunked, the end of the body is that of the connection (RFC 9112 §6.3).
    if (has('transfer-encoding')) response.shouldKeepAlive = false;
    response.end(withoutBody.has(status) ? undefined : (step.response_body ?? id));
  }

  #value(field: Field, step: Step, base: string, now: number): string {
    const [name, value] = field;
    const lower = name.toLowerCase();
    if (dates.has(lower) && typeof value === 'number')
      return httpDate(now + value * 1_000, step.rfc850date?.includes(lower) === true);
    if (step.magic_locations && (lower === 'location' || lower === 'content-location'))
      return value ? `${base}/${value}` : base;
    return String(value);
  }

  async #check(id: string, step: Step, number: number, response: Response): Promise<void> {
    const { status, headers } = response;
    const count = Number.parseInt(headers.get('server-request-count') ?? '', 10);
    const numbers = headers.get('request-numbers')?.split(' ') ?? [];
    prepared(numbers.length === new Set(numbers).size, 'the request was repeated');
    if (step.expected_type === 'cached' && !(status === 304 && Number.isNaN(count)))
      expectThat(step, 'expected_type', count < number, `answer ${number} is not from the cache`);
    if (step.expected_type === 'not_cached')
      expectThat(step, 'expected_type', count === number, `answer ${number} is from the cache`);
    if (step.expected_status !== undefined)
      expectThat(step, 'expected_status', status === step.expected_status, `answer ${number} is a ${status}`);
    else if (step.response_status)
      prepared(status === step.response_status[0], `answer ${number} is a ${status}`);
    else if (status === 999)
      expectThat(step, 'expected_type', false, `request ${number} should have been conditional`);
    else prepared(status === 200, `answer ${number} is a ${status}`);
    for (const expected of step.expected_response_headers ?? [])
      expectThat(
        step,
        'expected_response_headers',
        this.#hasHeader(headers, expected, step),
        `answer ${number}: ${expected}`,
      );
    for (const missing of step.expected_response_headers_missing ?? []) {
      const isMissing =
        typeof missing === 'string' ? !headers.has(missing) : !headers.get(missing[0])?.includes(missing[1]);
      expectThat(step, 'expected_response_headers_missing', isMissing, `answer ${number} has ${missing}`);
    }
    const body = await response.text();
    if (step.check_body === false) return;
    if (step.expected_response_text !== undefined) {
      if (step.expected_response_text !== null)
        expectThat(
          step,
          'expected_response_text',
          body === step.expected_response_text,
          `the body is ${body}`,
        );
    } else if (typeof step.response_body === 'string')
      prepared(body === step.response_body, `the body is ${body}`);
    else if (!withoutBody.has(status) && step.request_method !== 'HEAD')
      prepared(body === id, `the body is ${body}`);
  }

  #hasHeader(headers: Headers, expected: string | readonly [string, ...unknown[]], step: Step): boolean {
    if (typeof expected === 'string') return headers.has(expected);
    const [name, second, third] = expected;
    const value = headers.get(name);
    if (expected.length > 2 && second === '=') return value !== null && value === headers.get(String(third));
    if (expected.length > 2) return Number.parseInt(value ?? '', 10) > Number(third);
    const base = headers.get('server-base-url') ?? '';
    return value === this.#value([name, second as string], step, base, Number(headers.get('server-now')));
  }

  #checkServer({ steps, seen }: Run, responses: readonly Response[]): void {
    let index = 0;
    for (const [position, step] of steps.entries()) {
      if (step.expected_type === 'cached') continue;
      const number = position + 1;
      const request = seen[index++];
      if (step.expected_type === 'not_cached')
        expectThat(step, 'expected_type', request?.number === number, `answer ${number} is from the cache`);
      const condition = { etag_validated: 'if-none-match', lm_validated: 'if-modified-since' }[
        step.expected_type as string
      ];
      if (condition)
        expectThat(
          step,
          'expected_type',
          request?.headers[condition] !== undefined,
          `request ${number} has no ${condition}`,
        );
      for (const expected of step.expected_request_headers ?? []) {
        const [name, value] = typeof expected === 'string' ? [expected] : expected;
        const sent = request?.headers[(name as string).toLowerCase()];
        const isThere = value === undefined ? sent !== undefined : sent === value;
        expectThat(step, 'expected_request_headers', isThere, `request ${number} has ${name}: ${sent}`);
      }
      for (const [name, value] of request?.answered ?? []) {
        // Not to be read from a fetch in a browser, and a date is the server's own business.
        if (['date', 'set-cookie', 'set-cookie2'].includes(name.toLowerCase())) continue;
        const received = responses[position]?.headers.get(name);
        prepared(received === value, `answer ${number} has ${name}: ${received}, not ${value}`);
      }
      if (step.expected_method)
        expectThat(
          step,
          'expected_method',
          request?.method === step.expected_method,
          `request ${number} is a ${request?.method}`,
        );
    }
  }
}

/** The server says 304 where the test wants to be asked, and is; else something that no cache takes for an answer. */
function statusFor(
  step: Step,
  previous: Step | undefined,
  headers: IncomingMessage['headers'],
): [number, string] {
  if (!step.expected_type?.endsWith('validated')) return step.response_status ?? [200, 'OK'];
  const previousOf = (wanted: string) =>
    previous?.response_headers?.findLast(([name]) => name.toLowerCase() === wanted)?.[1];
  const [modified, etag] = [previousOf('last-modified'), previousOf('etag')];
  const isAsked =
    (modified && headers['if-modified-since'] === modified) || (etag && headers['if-none-match'] === etag);
  return isAsked ? [304, 'Not Modified'] : [999, '304 Not Generated'];
}

const flat = (value: string | number | string[] | undefined) =>
  Array.isArray(value) ? value.join(', ') : value;

/** What goes on in the background has its turn. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await setImmediate();
}
