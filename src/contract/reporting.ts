/** What of a request or a response does not match: an error, an event, or nothing, as the mode says. */
import type { CallRecord } from '../call-record.ts';
import { HoldfastError } from '../errors.ts';
import { recordOf } from '../explain.ts';
import type { Inside } from '../fetch.ts';
import { type Part, ValidationError } from './errors.ts';
import { shown } from './excerpt.ts';
import type { Issue } from './standard-schema.ts';
import type { ValidationMode } from './validation.ts';

/** What is told of an operation. */
export interface Subject {
  readonly operation: string;
  readonly method: string;
  /** The URL of the template: that of a call which is not sent. */
  readonly url: string;
}

export class Reporter {
  readonly #subject: Subject;
  readonly #mode: Readonly<Record<'request' | 'response', ValidationMode>>;
  readonly #inside: Inside;
  #hasWarned = false;

  constructor(subject: Subject, mode: Record<'request' | 'response', ValidationMode>, inside: Inside) {
    this.#subject = subject;
    this.#mode = mode;
    this.#inside = inside;
  }

  /** @throws ValidationError where the mode is strict. */
  request(part: Part, issues: readonly Issue[], value: unknown): void {
    this.#tell('request', part, issues, value);
  }

  /** @throws ValidationError where the mode is strict. */
  response(part: Part, issues: readonly Issue[], value: unknown, response: Response): void {
    this.#tell('response', part, issues, value, response);
  }

  /** The error of a request that cannot be sent, whatever the mode. */
  refusedRequest(part: Part, issues: readonly Issue[], value: unknown): ValidationError {
    return this.#error('request', part, issues, value);
  }

  /** The error of a response that cannot be gone on with, whatever the mode. */
  refusedResponse(part: Part, issues: readonly Issue[], value: unknown, response: Response): ValidationError {
    return this.#error('response', part, issues, value, response);
  }

  /** The record of the call that a response came from. */
  recordOf(response: Response): CallRecord {
    return recordOf(response) ?? this.newRecord();
  }

  /** That of a call which is not sent. */
  newRecord(): CallRecord {
    const { method, url } = this.#subject;
    return this.#inside.newRecord(method, { href: url });
  }

  #tell(
    direction: 'request' | 'response',
    part: Part,
    issues: readonly Issue[],
    value: unknown,
    response?: Response,
  ): void {
    const mode = this.#mode[direction];
    if (mode === 'off') return;
    const passes = mode === 'warn';
    const error = this.#error(direction, part, issues, value, response, passes);
    if (!passes) throw error;
    this.#warn(error);
  }

  #warn(error: ValidationError): void {
    const { operation, direction, part, issues } = error;
    const call = HoldfastError.recordOf(error) as CallRecord;
    this.#inside.tell({ type: 'validation', call, operation, direction, part, issues });
    if (!this.#inside.isHeard) this.#warnOnce(error);
  }

  #warnOnce({ message }: ValidationError): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    console.warn(`holdfast: ${message} It passes, since \`validate\` says 'warn'; further ones stay silent.`);
  }

  #error(
    direction: 'request' | 'response',
    part: Part,
    issues: readonly Issue[],
    value: unknown,
    response?: Response,
    passes = false,
  ): ValidationError {
    return new ValidationError(response ? this.recordOf(response) : this.newRecord(), {
      operation: this.#subject.operation,
      direction,
      part,
      ...shown(part, issues, value),
      response,
      passes,
    });
  }
}
