/** The two places where telemetry stands in the pipeline: around the call, and around each attempt that is sent. */
import { type Context, context, type Span } from '@opentelemetry/api';
import { leaseOf } from '../http/body-lease.ts';
import type { Call } from '../pipeline/call.ts';
import { type Outcome, truthOf, watch } from '../pipeline/outcome.ts';
import type { Handler, Policy } from '../pipeline/pipeline.ts';
import { endOf, type Summary, summarize, withBody } from './attributes.ts';
import { currentInstruments, recordAttempt } from './metrics.ts';
import type { TelemetrySettings } from './options.ts';
import {
  attempted,
  beginAttempt,
  beginCall,
  type CallTrace,
  currentTracer,
  endAttempt,
  endCall,
  noteResponse,
  traceOf,
} from './trace.ts';

/** The logical call: an INTERNAL span until the body of its response has ended. Outermost of all. */
export function callSpan(settings: TelemetrySettings): Policy {
  return function callSpan(call, next) {
    const tracer = currentTracer();
    if (!tracer) return next(call);
    const callTrace = attempted(() => beginCall(call, tracer, settings));
    if (!callTrace) return next(call);
    return watch(inContext(callTrace.context, next), call, look, callTrace);
  };

  function look(outcome: Outcome, { record, request, runtime }: Call, callTrace: CallTrace): void {
    const { clock } = runtime;
    const summary = summarize(truthOf(outcome), request);
    const settledAt = clock.now();
    const finish = (summary: Summary, endedAt: number) =>
      attempted(() => endCall(callTrace, record, summary, endedAt));
    if (!outcome.response) finish(summary, settledAt);
    else {
      leaseOf(outcome.response).onLeaseEnd(body =>
        finish(withBody(summary, body), endOf(body, settledAt, clock.now())),
      );
    }
  }
}

/**
 * An attempt that is sent: a CLIENT span, and its duration as a metric. Inside the circuit breaker, so that a refusal
 * is no attempt, and outside the attempt timeout, so that a transport that never settles leaves no span open.
 *
 * @param isInstrumented - whether something else makes spans and metrics of what the transport sends, just now.
 */
export function attemptSpan(settings: TelemetrySettings, isInstrumented: () => boolean): Policy {
  return function attemptSpan(call, next) {
    const callTrace = traceOf(call.record);
    // Whoever has an instrumentation of the transport has its metric too.
    const isTheirs = isInstrumented();
    const isCounted = !isTheirs && currentInstruments() !== undefined;
    if (!callTrace && !isCounted) return next(call);
    const startedAt = call.runtime.clock.now();
    const begun = callTrace && attempted(() => beginAttempt(callTrace, call, settings, isTheirs));
    if (!begun) return isCounted ? watch(next, call, look, { startedAt, isCounted }) : next(call);
    const { span, call: sent, context: active } = begun;
    return watch(inContext(active, next), sent, look, { startedAt, isCounted, callTrace, span });
  };

  function look(outcome: Outcome, call: Call, attempt: Observation): void {
    const { clock } = call.runtime;
    const summary = summarize(outcome, call.request);
    const headersAt = clock.now();
    if (!outcome.response) {
      settle(call, attempt, summary, headersAt);
      return;
    }
    if (attempt.span) note(attempt.span, call, outcome.response);
    leaseOf(outcome.response).onLeaseEnd(body =>
      settle(call, attempt, withBody(summary, body), endOf(body, headersAt, clock.now())),
    );
  }

  /** By itself: what waits for the body's end must not share a scope that names the response, or it is never collected. */
  function note(span: Span, { request }: Call, response: Response): void {
    attempted(() => noteResponse(span, request, response, settings));
  }
}

/** An attempt that somebody wants to know of. */
interface Observation {
  readonly startedAt: number;
  /** Whether its duration is ours to record. */
  readonly isCounted: boolean;
  readonly callTrace?: CallTrace;
  readonly span?: Span;
}

function settle(
  call: Call,
  { startedAt, isCounted, callTrace, span }: Observation,
  summary: Summary,
  endedAt: number,
): void {
  attempted(() => callTrace && span && endAttempt(callTrace, span, call, summary, endedAt));
  if (isCounted) attempted(() => recordAttempt(call, summary, endedAt - startedAt));
}

const inContext =
  (active: Context, next: Handler): Handler =>
  call =>
    context.with(active, next, undefined, call);
