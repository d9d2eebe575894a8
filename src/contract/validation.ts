import { type Checks, oneOf, readOptions } from '../pipeline/options.ts';

/**
 * What a value that does not match its schema leads to. `strict`: a `ValidationError`. `warn`: an event, and the value
 * passes as it is. `off`: nothing is looked at; what a codec has to convert is converted if it can be.
 */
export type ValidationMode = 'strict' | 'warn' | 'off';

export interface Validation {
  /**
   * Of what is sent.
   * @defaultValue 'strict'
   */
  readonly request?: ValidationMode;
  /**
   * Of what arrives.
   * @defaultValue 'strict'
   */
  readonly response?: ValidationMode;
}

const mode = oneOf('strict', 'warn', 'off');
const checks: Checks<Validation> = { request: mode, response: mode };

/** @throws TypeError for an unknown mode. */
export function readValidation(given: Validation, name: string, base: Validation = {}): Required<Validation> {
  return readOptions(name, { ...base, ...given }, checks, { request: 'strict', response: 'strict' });
}
