import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';

export interface BasicTracerCounts {
  readonly processor: SpanProcessor;
  readonly started: unknown[];
  readonly ended: ReadableSpan[];
}

/** What has begun and what has ended. */
export function counting(): BasicTracerCounts {
  const started: unknown[] = [];
  const ended: ReadableSpan[] = [];
  return {
    started,
    ended,
    processor: {
      onStart: span => void started.push(span),
      onEnd: span => void ended.push(span),
      shutdown: async () => {},
      forceFlush: async () => {},
    },
  };
}
