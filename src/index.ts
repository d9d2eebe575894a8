/**
 * The public surface of `holdfast`, name by name.
 *
 * Withheld on purpose: the circuit, the budget and the pause of a host (look at `fetch.hosts` instead), and the
 * readers of headers and errors under `http/`, which are free to change.
 *
 * @module holdfast
 */
export type {
  AttemptRecord,
  CacheUse,
  CallRecord,
  OutcomeKind,
  OuterCallInfo,
  RetryReason,
} from './call-record.ts';
export {
  type Client,
  type ClientCallOptions,
  type ClientOptions,
  createClient,
  HTTPError,
  isHTTPError,
  replaceOption,
  SchemaValidationError,
  type Send,
} from './client/client.ts';
export {
  BulkheadFullError,
  CircuitOpenError,
  ClosedError,
  type ErrorCode,
  HoldfastError,
  HostPausedError,
  NetworkError,
  OverloadedError,
  RateLimitedError,
  RejectedError,
  ThrottledError,
  TimeoutError,
} from './errors.ts';
export { explain, type ResponseInfo, recoveryHeaders, responseInfo } from './explain.ts';
export { createFetch, type HoldfastFetch } from './fetch.ts';
export type { FetchOptions, PlacedPolicy, PolicySource } from './fetch-options.ts';
export { gatewayStatus } from './gateway-status.ts';
export type {
  BulkheadView,
  CircuitBreakerView,
  ConcurrencyLimitView,
  HostPauseView,
  Hosts,
  HostView,
  RateLimitView,
  RetryBudgetView,
} from './host-view.ts';
export { type HostCounters, HostPart, type HostState } from './hosts/host-state.ts';
export type { Sent } from './http/failure.ts';
export type { FetchLike } from './http/fetch-like.ts';
export type { Phase } from './http/phase.ts';
export {
  deadlineFrom,
  type IncomingDeadline,
  type IncomingDeadlineOptions,
  type IncomingHeaders,
  withDeadline,
} from './incoming-deadline.ts';
export type { Call, CallRequest, Runtime } from './pipeline/call.ts';
export { type Clock, MAX_TIMER_MS, type Random, type Timer } from './pipeline/clock.ts';
export type {
  AttemptEndEvent,
  AttemptStartEvent,
  BodyEndEvent,
  BulkheadEvent,
  CacheEvent,
  CacheRefreshEvent,
  CacheStoreFailedEvent,
  CallEndEvent,
  CallStartEvent,
  ChaosEvent,
  CircuitEvent,
  CircuitState,
  CoalescedEvent,
  Emit,
  FallbackEvent,
  FallbackFailedEvent,
  HedgeEvent,
  HedgeRefusal,
  HedgeRefusedEvent,
  HoldfastEvent,
  HostPauseEvent,
  Observer,
  OverloadEvent,
  PolicyEvent,
  RateLimitEvent,
  RetryEvent,
  RetryRefusedEvent,
  SlowCallEvent,
  ValidationEvent,
  WarningEvent,
} from './pipeline/events.ts';
export { type ErrorOutcome, type Outcome, type ResponseOutcome, settle, unwrap } from './pipeline/outcome.ts';
export type { Allowance, OuterCall } from './pipeline/outer-call.ts';
export { type Handler, type Policy, pipeline } from './pipeline/pipeline.ts';
export { bulkhead } from './policies/bulkhead/bulkhead.ts';
export type { BulkheadOptions, Priority } from './policies/bulkhead/limits.ts';
export type { CacheOptions, HttpCache } from './policies/cache/options.ts';
export { circuitBreaker } from './policies/circuit-breaker/circuit-breaker.ts';
export type { WindowCounts } from './policies/circuit-breaker/failure-window.ts';
export type { CircuitBreakerOptions } from './policies/circuit-breaker/limits.ts';
export type { CoalesceOptions } from './policies/coalesce/coalesce.ts';
export { concurrencyLimit } from './policies/concurrency-limit/concurrency-limit.ts';
export type { ConcurrencyLimitOptions, LimitAlgorithm } from './policies/concurrency-limit/limits.ts';
export { type DeadlineHeadersOptions, deadlineHeaders } from './policies/deadline-headers.ts';
export type { HostEndpoints, WeightedEndpoint } from './policies/endpoints.ts';
export type {
  FallbackCall,
  FallbackCode,
  FallbackFailure,
  FallbackOptions,
} from './policies/fallback/options.ts';
export type { HedgeOptions } from './policies/hedge/options.ts';
export { type HostPauseOptions, hostPause } from './policies/host-pause.ts';
export type { CallPolicy, PolicyOptions } from './policies/policy-options.ts';
export type { RateLimitOptions } from './policies/rate-limit/limits.ts';
export { rateLimit } from './policies/rate-limit/rate-limit.ts';
export type { BackoffOptions } from './policies/retry/backoff.ts';
export type { RetryBudgetOptions } from './policies/retry/budget.ts';
export type { RetryInfo } from './policies/retry/decide.ts';
export { retry } from './policies/retry/retry.ts';
export type { RetryOptions } from './policies/retry/rules.ts';
export { type ThrottleOptions, throttle } from './policies/throttle.ts';
export { attemptTimeout, type TimeoutOptions, totalTimeout } from './policies/timeout.ts';
export { definePolicy, type PolicySet } from './policy-book.ts';
export type { CallInit, FetchInput } from './request.ts';
export { type Place, standardOrder } from './standard-order.ts';
export type { LogFields, Logger } from './telemetry/logs.ts';
export type { TelemetryOptions } from './telemetry/options.ts';
export { fetchTransport } from './transport/fetch-transport.ts';
export type { Transport } from './transport/transport.ts';
