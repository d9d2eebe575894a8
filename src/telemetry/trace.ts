/** Calls and attempts as spans. Together with `metrics.ts` the door to OpenTelemetry. */
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  diag,
  type HrTime,
  INVALID_TRACEID,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { AttemptRecord, CallRecord } from '../call-record.ts';
import { isInBrowser } from '../http/browser.ts';
import { copyHeaders, headersOf } from '../http/headers.ts';
import { createStamp } from '../http/stamp.ts';
import type { Call, CallRequest } from '../pipeline/call.ts';
import type { Clock } from '../pipeline/clock.ts';
import type {
  CircuitEvent,
  HoldfastEvent,
  HostPauseEvent,
  OverloadEvent,
  RetryEvent,
  RetryRefusedEvent,
} from '../pipeline/events.ts';
import { bodySize, headerAttributes, requestAttributes, type Summary, spanName } from './attributes.ts';
import type { Listener } from './event-hub.ts';
import type { TelemetrySettings } from './options.ts';

/** Under this name everything of ours is found. */
export const scope = 'holdfast';

/** A provider of the API's own stands in front of the SDK's, and says whether there is one. */
interface MaybeProxy {
  getDelegateTracer?(name: string): Tracer | undefined;
}

/** The tracer of the registered SDK; undefined without one, so that nothing is built for nobody. */
export const currentTracer = (): Tracer | undefined => attempted(findTracer);

function findTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider() as ReturnType<typeof trace.getTracerProvider> & MaybeProxy;
  return provider.getDelegateTracer ? provider.getDelegateTracer(scope) : provider.getTracer(scope);
}

/** What a traced call carries along: its tracer, its span, and the context in which all of it happens. */
export interface CallTrace {
  readonly tracer: Tracer;
  readonly span: Span;
  readonly context: Context;
  /** What the span of an attempt says of the request; redacted once. */
  readonly attributes: Attributes;
  readonly urlTemplate: string | undefined;
  /** On the clock of the call, and the same instant since the epoch: spans are timed by the clock that was given. */
  readonly startedAt: number;
  readonly startEpochMs: number;
  readonly clock: Clock;
}

/** Until the call's span has ended: a response or an error that is kept must not keep spans and contexts. */
const traces = createStamp<CallTrace | undefined>();

/** Marks a context as one of a call, to tell it from what else may be active. */
const callKey = createContextKey('Holdfast call');

export const traceOf = (record: CallRecord): CallTrace | undefined => traces.get(record);

type Times = Pick<CallTrace, 'startedAt' | 'startEpochMs'>;

const timeOf = ({ startedAt, startEpochMs }: Times, at: number): HrTime => {
  const epochMs = startEpochMs + at - startedAt;
  const seconds = Math.floor(epochMs / 1_000);
  return [seconds, Math.floor((epochMs - seconds * 1_000) * 1_000_000)];
};

/** Begins the span of a logical call. */
export function beginCall(call: Call, tracer: Tracer, settings: TelemetrySettings): CallTrace {
  const { record, request, runtime } = call;
  const { startedAt } = record;
  const parent = context.active();
  const { clock } = runtime;
  const times = { startedAt, startEpochMs: clock.date() - (clock.now() - startedAt), clock };
  const urlTemplate = templateOf(request, settings);
  const attributes = requestAttributes(request, record.url);
  const name = `holdfast ${spanName(request.method, urlTemplate)}`;
  const ofCall: Attributes = {
    'http.request.method': attributes['http.request.method'],
    'url.full': attributes['url.full'],
    'holdfast.host': record.host,
  };
  const options = { kind: SpanKind.INTERNAL, attributes: ofCall, startTime: timeOf(times, startedAt) };
  const span = tracer.startSpan(name, options, parent);
  const own = trace.setSpan(parent, span).setValue(callKey, record);
  const callTrace: CallTrace = { tracer, span, context: own, attributes, urlTemplate, ...times };
  traces.set(record, callTrace);
  const { traceId } = span.spanContext();
  if (traceId !== INVALID_TRACEID) record.traceId = traceId;
  return callTrace;
}

export function endCall(callTrace: CallTrace, record: CallRecord, summary: Summary, endedAt: number): void {
  const { span } = callTrace;
  const { sentAttempts } = record;
  traces.set(record, undefined);
  if (span.isRecording()) {
    span.setAttributes({
      'holdfast.outcome': summary.outcome,
      'holdfast.attempts': sentAttempts,
      'holdfast.retries': record.retries,
    });
  }
  end(callTrace, span, summary, endedAt);
}

/** An attempt on its way: its span, the call with the context in its headers, and the context to send it in. */
export interface AttemptTrace {
  readonly span: Span;
  readonly call: Call;
  readonly context: Context;
}

/** @param isInstrumented - whether the transport stands on something that would make a span of its own. */
export function beginAttempt(
  callTrace: CallTrace,
  call: Call,
  settings: TelemetrySettings,
  isInstrumented: boolean,
): AttemptTrace {
  const { attempt, request, runtime } = call;
  const { urlTemplate } = callTrace;
  const isElsewhere = call.endpoint !== undefined && call.endpoint !== call.record.host;
  const attributes: Attributes = isElsewhere
    ? requestAttributes(request, call.record.redacted(request.url.href))
    : { ...callTrace.attributes };
  if (call.hedge) attributes['holdfast.hedge'] = true;
  if (attempt > 1) attributes['http.request.resend_count'] = attempt - 1;
  if (urlTemplate !== undefined) attributes['url.template'] = urlTemplate;
  // What `fetch` will refuse may be anything; the span must end all the same.
  if (settings.requestHeaders.length > 0)
    Object.assign(
      attributes,
      attempted(() => headerAttributes('request', settings.requestHeaders, new Headers(headersOf(request)))),
    );
  const startTime = timeOf(callTrace, runtime.clock.now());
  const options = { kind: SpanKind.CLIENT, attributes, startTime };
  const parent = parentOf(callTrace, call);
  const span = callTrace.tracer.startSpan(spanName(request.method, urlTemplate), options, parent);
  const own = trace.setSpan(parent, span);
  const sent = { ...call, request: attempted(() => withContext(own, request, settings)) ?? request };
  return { span, call: sent, context: isInstrumented ? own.setValue(suppressKey, true) : own };
}

/**
 * What is active, if it is of this call: a policy of somebody's own may have added to it. Else, as from a queue that is
 * worked off by another call or without a context manager, that of the call.
 */
function parentOf(callTrace: CallTrace, { record }: Call): Context {
  const active = context.active();
  return active.getValue(callKey) === record ? active : callTrace.context;
}

/** Ends the span of an attempt, and says what it was at if it has failed and somebody knows. */
export function endAttempt(
  callTrace: CallTrace,
  span: Span,
  { record, attempt }: Call,
  summary: Summary,
  endedAt: number,
): void {
  const { phase, chaos } = record.attempt(attempt) ?? {};
  if (chaos) span.setAttribute('holdfast.chaos', [...chaos]);
  if (phase !== undefined && summary.errorType !== undefined) span.setAttribute('holdfast.phase', phase);
  end(callTrace, span, summary, endedAt);
}

/** Ends the span of a call or of an attempt. */
function end(callTrace: CallTrace, span: Span, { errorType }: Summary, endedAt: number): void {
  if (errorType !== undefined && span.isRecording()) {
    span.setAttribute('error.type', errorType);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(timeOf(callTrace, endedAt));
}

/** What the response of an attempt says, as long as it is at hand. */
export function noteResponse(
  span: Span,
  { method }: CallRequest,
  response: Response,
  settings: TelemetrySettings,
): void {
  if (!span.isRecording()) return;
  const attributes: Attributes = {};
  // Browsers keep the status of an opaque response to themselves and say 0.
  if (response.status > 0) attributes['http.response.status_code'] = response.status;
  const size = bodySize(method, response);
  if (size !== undefined) attributes['http.response.body.size'] = size;
  span.setAttributes(attributes);
  if (settings.responseHeaders.length > 0)
    span.setAttributes(headerAttributes('response', settings.responseHeaders, response.headers));
}

/** What the SDKs agree on: whoever sees it makes no span. */
const suppressKey = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

function withContext(active: Context, request: CallRequest, { propagate }: TelemetrySettings): CallRequest {
  if (!mayPropagate(request.url, propagate)) return request;
  const carrier: Record<string, string> = {};
  propagation.inject(active, carrier);
  const added = Object.entries(carrier);
  if (added.length === 0) return request;
  const given = headersOf(request);
  if (!given) return { ...request, init: { ...request.init, headers: carrier } };
  const headers = new Headers(copyHeaders(given));
  for (const [name, value] of added) headers.set(name, value);
  return { ...request, init: { ...request.init, headers } };
}

function mayPropagate(url: URL, propagate: TelemetrySettings['propagate']): boolean {
  if (typeof propagate === 'function') return attempted(() => propagate(url)) ?? false;
  if (propagate !== undefined) return propagate;
  const { location } = globalThis as { location?: { origin?: string } };
  return !isInBrowser() || location?.origin === url.origin;
}

/** What the caller says comes first: it knows. */
function templateOf(request: CallRequest, { urlTemplate }: TelemetrySettings): string | undefined {
  const { method, url } = request;
  if (request.urlTemplate !== undefined) return request.urlTemplate;
  return urlTemplate && attempted(() => urlTemplate({ method, url }));
}

/** What an SDK or a callback throws breaks no call. It is told where OpenTelemetry's own complaints go. */
export function attempted<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    diag.error('holdfast: telemetry failed, the call goes on.', error);
    return undefined;
  }
}

/** What happens between the attempts, as events of the call's span. */
export const spanEvents: Listener = {
  isOn: () => currentTracer() !== undefined,
  hear(event: HoldfastEvent) {
    const call = 'call' in event ? event.call : undefined;
    const callTrace = call && traces.get(call);
    if (!callTrace?.span.isRecording()) return;
    switch (event.type) {
      case 'bulkhead':
        return addEvent(callTrace, event.type, {
          'holdfast.action': event.action,
          'holdfast.priority': event.priority,
          'holdfast.waited_ms': event.queuedMs,
        });
      case 'rate-limit':
        return addEvent(callTrace, 'rate_limit', {
          'holdfast.attempt': event.attempt,
          'holdfast.action': event.action,
          'holdfast.waited_ms': event.waitedMs,
        });
      case 'coalesced':
        return linkTo(callTrace.span, traces.get(event.first)?.span);
      case 'fallback':
      case 'fallback-failed':
        return addEvent(callTrace, event.type, { 'holdfast.fallback': event.name });
      case 'circuit':
      case 'host-pause':
      case 'overload':
        return addEvent(callTrace, event.type, hostEventAttributes(event));
      case 'cache': {
        const { status, because } = event;
        const why = because === undefined ? {} : { 'holdfast.because': because };
        return addEvent(callTrace, 'cache', { 'holdfast.cache.status': status, ...why });
      }
      case 'attempt-end':
        if (event.outcome !== 'rejected') return;
        return addEvent(callTrace, 'rejected', {
          'holdfast.attempt': event.attempt,
          'error.type': event.code ?? '_OTHER',
        });
      case 'slow-call':
        return addEvent(callTrace, 'slow_call', {
          'holdfast.attempt': event.attempt,
          'holdfast.slow_call_ms': event.slowCallMs,
        });
      case 'retry':
        return addEvent(callTrace, 'retry', {
          ...retryAttributes(event),
          'holdfast.delay_ms': event.delayMs,
        });
      case 'retry-refused':
        return addEvent(callTrace, 'retry_refused', {
          ...retryAttributes(event),
          'holdfast.reason': event.reason,
        });
      case 'hedge':
        return addEvent(callTrace, 'hedge', {
          'holdfast.attempt': event.attempt,
          'holdfast.delay_ms': event.delayMs,
        });
      case 'hedge-refused':
        return addEvent(callTrace, 'hedge_refused', {
          'holdfast.attempt': event.attempt,
          'holdfast.reason': event.reason,
        });
    }
  },
};

/** The span of the request is under the call that it was made for. */
function linkTo(span: Span, first: Span | undefined): void {
  span.setAttribute('holdfast.coalesced', true);
  if (first) span.addLink({ context: first.spanContext() });
}

/** At the time of the clock that was given, as the span itself. */
function addEvent(callTrace: CallTrace, name: string, attributes: Attributes): void {
  const { clock, span } = callTrace;
  span.addEvent(`holdfast.${name}`, attributes, timeOf(callTrace, clock.now()));
}

function retryAttributes({ call, attempt, retryAfterMs }: RetryEvent | RetryRefusedEvent): Attributes {
  const attributes: Attributes = { 'holdfast.attempt': attempt };
  if (retryAfterMs !== undefined) attributes['holdfast.retry_after_ms'] = retryAfterMs;
  const why = causeOf(call.attempt(attempt));
  if (why !== undefined) attributes['error.type'] = why;
  return attributes;
}

/** What was wrong with an attempt, low in cardinality: its status, or the code of what failed. */
export function causeOf(entry: AttemptRecord | undefined): string | undefined {
  if (!entry) return undefined;
  return entry.status === undefined ? entry.code : String(entry.status);
}

function hostEventAttributes(event: CircuitEvent | HostPauseEvent | OverloadEvent): Attributes {
  if (event.type === 'overload') {
    const { host, isOverloaded, limit } = event;
    return { 'holdfast.host': host, ...(isOverloaded && { 'holdfast.concurrency_limit': limit }) };
  }
  if (event.type === 'host-pause') {
    return {
      'holdfast.host': event.host,
      'holdfast.pause_ms': event.pauseMs,
      'http.response.status_code': event.status,
    };
  }
  const { host, from, to, because } = event;
  return {
    'holdfast.host': host,
    'holdfast.breaker.from': from,
    'holdfast.breaker.state': to,
    'holdfast.because': because,
  };
}
