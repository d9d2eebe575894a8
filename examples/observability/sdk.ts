/** Registers the OpenTelemetry SDK, as a program does once at its start. Holdfast finds it by itself. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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

/** @param port - where Prometheus finds the metrics; 0 for any free port. */
export async function startTelemetry(port: number, printSpans: boolean): Promise<Telemetry> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());

  const spanProcessors = printSpans ? [new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() })] : [];
  const tracerProvider = new TracerProvider({ spanProcessors });
  trace.setGlobalTracerProvider(tracerProvider);

  const prometheus = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [prometheus] });
  metrics.setGlobalMeterProvider(meterProvider);

  // The exporter has a server of its own, which does not tell its port when it was given 0.
  const server = createServer((request, response) => prometheus.getMetricsRequestHandler(request, response));
  await once(server.listen(port, '127.0.0.1'), 'listening');

  return {
    metricsUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
    },
  };
}
