import { parseArgs } from 'node:util';

const faults = ['all', '503', 'refused', 'healthy'] as const;
export type Fault = (typeof faults)[number];

export interface Options {
  /** Where Prometheus finds the metrics; 0 for any free port. */
  readonly port: number;
  readonly seconds: number;
  readonly fault: Fault;
  /** Whether every span is printed. */
  readonly spans: boolean;
}

/** @throws TypeError or RangeError with a sentence for whoever called the program. */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      // The variable is the one of OpenTelemetry's specification.
      port: { type: 'string', default: env.OTEL_EXPORTER_PROMETHEUS_PORT ?? '9464' },
      seconds: { type: 'string', default: '60' },
      fault: { type: 'string', default: 'all' },
      spans: { type: 'boolean', default: false },
    },
  });
  const fault = faults.find(each => each === values.fault);
  if (!fault) throw new RangeError(`--fault must be one of ${faults.join(', ')}; got '${values.fault}'.`);
  return {
    port: whole('--port', values.port, 0, 65_535),
    seconds: whole('--seconds', values.seconds, 1, 3_600),
    fault,
    spans: values.spans,
  };
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}; got '${text}'.`);
}
