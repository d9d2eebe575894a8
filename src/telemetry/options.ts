import { isSensitiveHeader } from '../http/redact.ts';
import {
  boolean,
  type Check,
  type Checks,
  callback,
  copyOption,
  listOf,
  readOptions,
  requireObject,
  show,
  text,
} from '../pipeline/options.ts';

/** What OpenTelemetry is told of a client's calls. All of it is off while no SDK is registered. */
export interface TelemetryOptions {
  /**
   * Request headers that go into the span of an attempt, in lower case. Those that hold secrets are refused.
   * @defaultValue []
   */
  readonly requestHeaders?: readonly string[];
  /**
   * Response headers that go into the span of an attempt, in lower case. Those that hold secrets are refused.
   * @defaultValue []
   */
  readonly responseHeaders?: readonly string[];
  /**
   * The template that a call's URL was made from, such as `/users/{id}`, for the names of spans. Low in cardinality;
   * undefined where there is none.
   */
  readonly urlTemplate?: (request: { readonly method: string; readonly url: URL }) => string | undefined;
  /**
   * Whether the trace context goes along in headers (`traceparent`, `tracestate`, `baggage`, as the registered
   * propagator says), for all URLs or as a function says. By default it does; in a browser only to the page's own
   * origin, since elsewhere the headers would need leave by CORS.
   */
  readonly propagate?: boolean | ((url: URL) => boolean);
}

export interface TelemetrySettings extends TelemetryOptions {
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
}

const headerName: Check = (value, name) => {
  text(/^[!#$%&'*+.^_`|~0-9a-z-]+$/, 'a header name in lower case')(value, name);
  if (isSensitiveHeader(String(value)))
    throw new RangeError(
      `\`${name}\` should be a header without secrets, got ${show(value)}. Take it out of the list.`,
    );
};

const checks: Checks<TelemetryOptions> = {
  requestHeaders: listOf(headerName),
  responseHeaders: listOf(headerName),
  urlTemplate: callback,
  propagate: (value, name) => (typeof value === 'function' ? undefined : boolean(value, name)),
};

/** Checks the options of telemetry, for those of a client. */
export function checkTelemetry(value: unknown, name: string): void {
  if (value === false) return;
  requireObject(value, name);
  readTelemetryOptions(value as TelemetryOptions, name);
}

export const readTelemetryOptions = (options: TelemetryOptions, path = 'telemetry'): TelemetrySettings =>
  readOptions(path, copyOption(options), checks, { requestHeaders: [], responseHeaders: [] });
