/** What can be wrong with the service while a phase of the script lasts. */
export type Fault = 'healthy' | 'slow' | 'overload' | 'reset' | 'mid-body-reset' | 'black-hole' | 'crash';

/** Said to a service process: play this from now on. */
export interface Play {
  readonly fault: Fault;
}

/** Said by a service process. */
export type Report =
  | { readonly type: 'listening'; readonly port: number }
  /** A request has arrived on behalf of this call. */
  | { readonly type: 'request'; readonly call: number }
  | { readonly type: 'failed'; readonly message: string };

/** How a service process is started: as its arguments, in this order. */
export interface ServiceOptions {
  /** 0 for any free one; the same one again after a crash. */
  readonly port: number;
  readonly ledgerPath: string;
  readonly fault: Fault;
}

export const toArguments = (options: ServiceOptions): string[] => [
  String(options.port),
  options.ledgerPath,
  options.fault,
];

export const fromArguments = ([port, ledgerPath, fault]: readonly string[]): ServiceOptions => ({
  port: Number(port),
  ledgerPath: ledgerPath!,
  fault: fault as Fault,
});
