import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { type DataPoint, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

export interface Sdk {
  /** Spans that have ended, in the order of their ends. */
  spans(): ReadableSpan[];
  /** The data points of a metric; empty without one. */
  points(metric: string): Promise<readonly DataPoint<unknown>[]>;
  /** All series, as `name{attributes}`. */
  series(): Promise<string[]>;
  stop(): Promise<void>;
}

/** The real SDK, registered as a program would register it. */
export function startSdk({ processor }: { readonly processor?: SpanProcessor } = {}): Sdk {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({
    spanProcessors: [processor ?? new SimpleSpanProcessor({ exporter })],
  });
  const reader = new Reader();
  const meterProvider = new MeterProvider({ readers: [reader] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  const collect = async () => {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics.flatMap(({ metrics: all }) => all);
  };
  return {
    spans: () => exporter.getFinishedSpans(),
    async points(metric) {
      const all = await collect();
      return all
        .filter(({ descriptor }) => descriptor.name === metric)
        .flatMap(({ dataPoints }): DataPoint<unknown>[] => [...dataPoints]);
    },
    async series() {
      const all = await collect();
      return all.flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes }) => `${descriptor.name}${JSON.stringify(attributes)}`),
      );
    },
    async stop() {
      trace.disable();
      metrics.disable();
      context.disable();
      propagation.disable();
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
    },
  };
}
