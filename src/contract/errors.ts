/** The errors that only a contract knows of. They stand in the tree of `../errors.ts`. */
import type { CallRecord } from '../call-record.ts';
import { type ErrorCode, HoldfastError, name, title } from '../errors.ts';
import { reasonPhrase } from '../http/reason-phrase.ts';
import type { Failure } from './infer.ts';
import { type ProblemDetails, problemExcerpt } from './problem-details.ts';
import type { Issue } from './standard-schema.ts';

/** What an answer that means failure has to say. */
export interface StatusErrorDetails<Status extends number, Data, Headers> {
  /** Name of the operation, as in the contract. */
  readonly operation: string;
  /** What the operation was made from; tells operations apart. */
  readonly endpoint: object;
  readonly status: Status;
  readonly data: Data;
  readonly headers: Headers;
  readonly response: Response;
  readonly isDeclared: boolean;
  readonly problem: ProblemDetails | undefined;
}

/** The service answered with a status that means failure. */
export class StatusError<
  Status extends number = number,
  Data = unknown,
  Headers = unknown,
> extends HoldfastError {
  readonly code: ErrorCode = 'STATUS';
  /** Name of the operation, as in the contract. */
  readonly operation: string;
  readonly status: Status;
  /** The body, as declared for the status. Of a status that is not declared, what could be read of it. */
  readonly data: Data;
  /** Whether the contract says anything of this status. */
  readonly isDeclared: boolean;
  /** Problem details, whether declared or not (RFC 9457). */
  readonly problem: ProblemDetails | undefined;
  readonly #endpoint: object;
  // A console that prints the error would print these as well, with cookies in headers and keys in URLs.
  readonly #headers: Headers;
  readonly #response: Response;

  constructor(record: CallRecord, details: StatusErrorDetails<Status, Data, Headers>) {
    super(statusMessage(record, details), record);
    this.operation = details.operation;
    this.status = details.status;
    this.data = details.data;
    this.#headers = details.headers;
    this.#response = details.response;
    this.isDeclared = details.isDeclared;
    this.problem = details.problem;
    this.#endpoint = details.endpoint;
  }

  /** As declared, or else as they are. */
  get headers(): Headers {
    return this.#headers;
  }

  /** Its body has been read. */
  get response(): Response {
    return this.#response;
  }

  /** Whether it came from an operation that was made from `endpoint`. */
  isOf(endpoint: object): boolean {
    return this.#endpoint === endpoint;
  }

  protected override details(): Record<string, unknown> {
    const { operation, status, problem } = this;
    return { operation, status, problem: problem && problemExcerpt(problem) };
  }
}

function statusMessage(
  record: CallRecord,
  { operation, status, response, isDeclared, problem }: StatusErrorDetails<number, unknown, unknown>,
): string {
  const words = problem?.title ?? (response.statusText || reasonPhrase(status));
  const what = words ? `${status} ${bounded(words)}` : String(status);
  const undeclared = isDeclared ? '' : `, which the contract does not declare`;
  return `${title(record)} (${operation}): ${what}${undeclared}.`;
}

const bounded = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text);

/** What of a request or a response did not match. */
export type Part = 'params' | 'query' | 'headers' | 'cookies' | 'body' | 'status' | 'content-type' | 'event';

export interface ValidationErrorDetails {
  readonly operation: string;
  readonly direction: 'request' | 'response';
  readonly part: Part;
  readonly issues: readonly Issue[];
  readonly excerpt: string;
  readonly response?: Response | undefined;
  /** Whether it is only told of, and goes on as it is. */
  readonly passes?: boolean;
}

/** What was to be sent, or has arrived, is not what the contract says. A request is not sent then. */
export class ValidationError extends HoldfastError {
  readonly code: ErrorCode = 'VALIDATION';
  /** Name of the operation, as in the contract. */
  readonly operation: string;
  readonly direction: 'request' | 'response';
  readonly part: Part;
  /** What is wrong and where; values that may be secret are left out. */
  readonly issues: readonly Issue[];
  /** The beginning of what was looked at, at most 500 characters, with secrets masked. */
  readonly excerpt: string;
  readonly #response: Response | undefined;

  constructor(record: CallRecord, details: ValidationErrorDetails) {
    super(validationMessage(record, details), record);
    this.operation = details.operation;
    this.direction = details.direction;
    this.part = details.part;
    this.issues = details.issues;
    this.excerpt = details.excerpt;
    this.#response = details.response;
  }

  /** What arrived; undefined for a request. */
  get response(): Response | undefined {
    return this.#response;
  }

  get status(): number | undefined {
    return this.response?.status;
  }

  protected override details(): Record<string, unknown> {
    const { operation, direction, part, issues, excerpt, status } = this;
    return { operation, direction, part, issues, excerpt, status };
  }
}

const shownIssues = 3;

function validationMessage(
  record: CallRecord,
  { operation, direction, part, issues, response, passes }: ValidationErrorDetails,
): string {
  const what =
    direction === 'request' ? `${part} of the request` : `${part} of the response${ofStatus(response)}`;
  const lines = issues.slice(0, shownIssues).map(({ path, message }) => `${pathText(path)}${message}`);
  if (issues.length > shownIssues) lines.push(`and ${issues.length - shownIssues} more`);
  const sent = direction === 'request' && !passes ? ' It was not sent.' : '';
  return `${title(record)} (${operation}): the ${what} ${isOrAre(part)} not what the contract says: ${lines.join('; ')}.${sent}`;
}

const ofStatus = (response: Response | undefined): string => (response ? ` (${response.status})` : '');

const isOrAre = (part: Part): string => (part.endsWith('s') && part !== 'status' ? 'are' : 'is');

const pathText = (path: readonly PropertyKey[]): string =>
  path.length > 0 ? `${bounded(path.map(String).join('.'))}: ` : '';

/** What a token endpoint had to say. */
export interface TokenErrorDetails {
  readonly status: number;
  readonly reason?: string | undefined;
  readonly description?: string | undefined;
  /** In words, where it did not say it by itself. */
  readonly obstacle?: string | undefined;
}

/**
 * There is no token: its endpoint refused one, or gave what is none. The call that waited for it was not sent.
 *
 * Method, URL and attempts are those of the request for the token. What the endpoint answered is no `cause` of it: that
 * may hold a token.
 */
export class TokenError extends HoldfastError {
  readonly code: ErrorCode = 'TOKEN';
  readonly status: number;
  /** The `error` of RFC 6749 §5.2, such as `invalid_client`, if there is one. */
  readonly reason: string | undefined;
  /** What the endpoint says of it to developers, at most 500 characters. */
  readonly description: string | undefined;

  constructor(record: CallRecord, details: TokenErrorDetails) {
    super(tokenMessage(record, details), record);
    this.status = details.status;
    this.reason = details.reason;
    this.description = details.description;
  }

  protected override details(): Record<string, unknown> {
    return { status: this.status, reason: this.reason, description: this.description };
  }
}

function tokenMessage(
  record: CallRecord,
  { status, reason, description, obstacle }: TokenErrorDetails,
): string {
  const words = [status, reason, description && `(${description})`, obstacle && `(${obstacle})`];
  return `${title(record)} gave no token: ${words.filter(Boolean).join(' ')}.`;
}

name(StatusError, 'StatusError');
name(TokenError, 'TokenError');
name(ValidationError, 'ValidationError');

/** The errors of the failures that a result tells of. */
export type StatusErrorsIn<Result> =
  Result extends Failure<infer Status, infer Data, infer Headers>
    ? StatusError<Status, Data, Headers>
    : never;

type StatusesIn<Result> = Result extends Failure<infer Status, unknown, unknown> ? Status : never;

type StatusErrorIn<Result, Status extends number> =
  Result extends Failure<infer Declared, infer Data, infer Headers>
    ? Status extends Declared
      ? StatusError<Status, Data, Headers>
      : never
    : never;

/** As much of an operation as tells its failures. */
interface Fallible<Result> {
  readonly endpoint: object;
  safe(...input: never): Promise<Result>;
}

/**
 * Whether something is a `StatusError`; of an operation, if one is given, with its declared failures as types; of a
 * status, if one is given.
 *
 * @example
 * if (isStatusError(error, api.getUser, 404)) console.log(error.data.title);
 */
export function isStatusError(error: unknown): error is StatusError;
export function isStatusError<Result>(
  error: unknown,
  operation: Fallible<Result>,
): error is StatusErrorsIn<Result>;
export function isStatusError<Result, const Status extends StatusesIn<Result>>(
  error: unknown,
  operation: Fallible<Result>,
  status: Status,
): error is StatusErrorIn<Result, Status>;
export function isStatusError(error: unknown, operation?: Fallible<unknown>, status?: number): boolean {
  if (!(error instanceof StatusError)) return false;
  if (operation && !(error.isDeclared && error.isOf(operation.endpoint))) return false;
  return status === undefined || error.status === status;
}
