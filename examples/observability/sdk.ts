/** Registers the OpenTelemetry SDK, as a program does once at its start. Holdfast finds it by itself. */
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { ConsoleSpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

export interface Telemetry {
  readonly metricsUrl: string;
  stop(): Promise<void>;
}

/** @param port - where Prometheus finds the metrics; 0 for any. */
export async function startTelemetry(port: number, printSpans: boolean): Promise<Telemetry> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());

  const spanProcessors = printSpans ? [new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() })] : [];
  const tracerProvider = new TracerProvider({ spanProcessors });
  trace.setGlobalTracerProvider(tracerProvider);

  const prometheus = new PrometheusExporter({ host: '127.0.0.1', port, preventServerStart: true });
  await prometheus.startServer();
  const meterProvider = new MeterProvider({ readers: [prometheus] });
  metrics.setGlobalMeterProvider(meterProvider);

  return {
    metricsUrl: `http://127.0.0.1:${port}/metrics`,
    async stop() {
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
    },
  };
}
