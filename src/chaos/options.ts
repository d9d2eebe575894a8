/** What can be injected, where and how often; checked once. */
import { type HostPattern, parseHostPattern } from '../hosts/host-pattern.ts';
import { MAX_TIMER_MS } from '../pipeline/clock.ts';
import {
  boolean,
  type Check,
  type Checks,
  duration,
  integer,
  listOf,
  number,
  oneOf,
  readOptions,
  requireObject,
  requireOrder,
  show,
  text,
} from '../pipeline/options.ts';

/** To what requests something applies. What is left out restricts nothing. */
export interface ChaosScope {
  /** Patterns as in the `hosts` of a fetch, such as `payments.internal`, `*.internal`. */
  readonly hosts?: readonly string[];
  readonly methods?: readonly string[];
  /** The whole path, without the query; `*` stands for any characters: `/v1/charges/*`. */
  readonly paths?: readonly string[];
  /** Only requests that carry this header, whatever its value. It is removed before a request is sent. */
  readonly header?: string;
}

export interface RatedFault extends ChaosScope {
  /**
   * In which share of the attempts, 0 to 1.
   * @defaultValue the `rate` beside `faults`
   */
  readonly rate?: number;
}

/** Time passes before the request is sent. */
export interface LatencyFault extends RatedFault {
  readonly type: 'latency';
  /** Milliseconds; with `maxDelayMs` the least. */
  readonly delayMs: number;
  /** Somewhere between `delayMs` and this, evenly. */
  readonly maxDelayMs?: number;
}

/** An answer in place of the service's; the service gets no request. */
export interface StatusFault extends RatedFault {
  readonly type: 'status';
  /** 200 to 599. */
  readonly status: number;
  /** Such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Nobody listens: `ECONNREFUSED`. Nothing is sent. */
export interface RefusedFault extends RatedFault {
  readonly type: 'refused';
}

/** The connection breaks with the request on it: `ECONNRESET`. */
export interface ResetFault extends RatedFault {
  readonly type: 'reset';
  /**
   * `before`: the service gets no request. `after`: it has done the work, and its answer is lost. A client cannot tell.
   * @defaultValue 'before'
   */
  readonly when?: 'before' | 'after';
}

/** The name is not found: `ENOTFOUND`. Nothing is sent. */
export interface DnsFault extends RatedFault {
  readonly type: 'dns';
}

/** No answer, ever: until a timeout or the caller gives up. */
export interface BlackHoleFault extends RatedFault {
  readonly type: 'black-hole';
}

/** The body breaks off, as when the connection is reset. */
export interface TruncateFault extends RatedFault {
  readonly type: 'truncate';
  /**
   * How much of it arrives; of a shorter one all, without its end.
   * @defaultValue 0
   */
  readonly afterBytes?: number;
}

/** The body takes its time. */
export interface SlowBodyFault extends RatedFault {
  readonly type: 'slow-body';
  /** 0 for a body that stalls. */
  readonly bytesPerSecond: number;
}

/** The first byte of the body is another, so that it is no JSON any more. */
export interface CorruptFault extends RatedFault {
  readonly type: 'corrupt';
}

export type ChaosFault =
  | LatencyFault
  | StatusFault
  | RefusedFault
  | ResetFault
  | DnsFault
  | BlackHoleFault
  | TruncateFault
  | SlowBodyFault
  | CorruptFault;

/** Plain data: it may come from a file. */
export interface ChaosRules extends ChaosScope {
  readonly faults: readonly ChaosFault[];
  /**
   * In which share of the attempts each fault strikes that says nothing else, 0 to 1.
   * @defaultValue 1
   */
  readonly rate?: number;
  /** The same seed and the same attempts in the same order give the same faults. Without one the fetch's `random` decides. */
  readonly seed?: number;
}

export interface ChaosOptions extends ChaosRules {
  /** @defaultValue true */
  readonly enabled?: boolean;
  /**
   * What this environment is called, where `NODE_ENV` says something else or nothing.
   * @defaultValue `process.env.NODE_ENV`
   */
  readonly environment?: string;
  /** @defaultValue false */
  readonly allowInProduction?: boolean;
}

/** A scope that has been read. */
export interface Scope {
  readonly hosts: readonly HostPattern[] | undefined;
  readonly methods: readonly string[] | undefined;
  readonly paths: readonly RegExp[] | undefined;
  readonly header: string | undefined;
}

export interface ReadFault {
  readonly fault: ChaosFault;
  readonly scope: Scope;
  readonly rate: number;
}

export interface ReadRules {
  readonly scope: Scope;
  readonly faults: readonly ReadFault[];
  readonly seed: number | undefined;
  /** In lower case: what must not reach the service. */
  readonly headers: readonly string[];
}

const token = text(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of a header');

const hostPattern: Check = (value, name) => {
  if (typeof value !== 'string')
    throw new TypeError(`\`${name}\` should be a host pattern, got ${show(value)}.`);
  parseHostPattern(value);
};

const headerFields: Check = (value, name) => {
  requireObject(value, name);
  try {
    new Headers(value as Record<string, string>);
  } catch (error) {
    throw new TypeError(`\`${name}\` should be headers that can be sent: ${(error as Error).message}`);
  }
};

const scopeChecks: Checks<ChaosScope> = {
  hosts: listOf(hostPattern),
  methods: listOf(text(/^[A-Za-z-]+$/, 'the name of a method')),
  paths: listOf(text(/^[/*]/, "a path that begins with '/' or '*'")),
  header: token,
};

const share = number({ min: 0, max: 1 });
const ratedChecks = { ...scopeChecks, rate: share };

/** Of each type what it has beside its type, its scope and its rate. */
const faultChecks: { readonly [Type in ChaosFault['type']]: Readonly<Record<string, Check>> } = {
  latency: { delayMs: duration({ max: MAX_TIMER_MS }), maxDelayMs: duration({ max: MAX_TIMER_MS }) },
  status: { status: integer({ min: 200, max: 599 }), headers: headerFields, body: text(/^/, 'text') },
  refused: {},
  reset: { when: oneOf('before', 'after') },
  dns: {},
  'black-hole': {},
  truncate: { afterBytes: integer() },
  'slow-body': { bytesPerSecond: integer() },
  corrupt: {},
};

const required: Partial<Record<ChaosFault['type'], string>> = {
  latency: 'delayMs',
  status: 'status',
  'slow-body': 'bytesPerSecond',
};

const bodilessStatuses = [204, 205, 304];

const rulesChecks: Checks<ChaosRules> = {
  ...ratedChecks,
  faults: listOf(requireObject),
  seed: integer({ min: Number.MIN_SAFE_INTEGER }),
};

export const optionChecks: Checks<ChaosOptions> = {
  ...rulesChecks,
  enabled: boolean,
  environment: text(/^/, 'text'),
  allowInProduction: boolean,
};

/**
 * @throws TypeError or RangeError for rules that will not do.
 */
export function readRules(rules: ChaosRules): ReadRules {
  const read = readOptions('', rules, rulesChecks, { rate: 1 });
  if (read.faults === undefined)
    throw new TypeError("`faults` should be an array of faults such as { type: 'refused' }, got undefined.");
  const faults = read.faults.map((fault, index) => readFault(fault, `faults[${index}]`, read.rate));
  const scope = readScope(read);
  const headers = [scope, ...faults.map(({ scope }) => scope)].flatMap(({ header }) => header ?? []);
  return { scope, faults, seed: read.seed, headers: [...new Set(headers)] };
}

function readFault(given: ChaosFault, name: string, rate: number): ReadFault {
  oneOf(...Object.keys(faultChecks))(given.type, `${name}.type`);
  const checks = { type: () => {}, ...ratedChecks, ...faultChecks[given.type] } as Checks<ChaosFault>;
  const fault = readOptions(name, given, checks, {});
  const missing = required[fault.type];
  if (missing !== undefined && (fault as unknown as Record<string, unknown>)[missing] === undefined)
    throw new TypeError(`\`${name}.${missing}\` should be given for a fault of the type "${fault.type}".`);
  if (fault.type === 'latency') requireOrder(name, fault, 'delayMs', 'maxDelayMs');
  if (fault.type === 'status' && fault.body !== undefined && bodilessStatuses.includes(fault.status))
    throw new TypeError(`\`${name}.body\` cannot be sent with the status ${fault.status}. Leave it out.`);
  return { fault, scope: readScope(fault), rate: fault.rate ?? rate };
}

const readScope = ({ hosts, methods, paths, header }: ChaosScope): Scope => ({
  hosts: hosts?.map(parseHostPattern),
  methods: methods?.map(method => method.toUpperCase()),
  paths: paths?.map(pathPattern),
  header: header?.toLowerCase(),
});

const pathPattern = (path: string): RegExp => new RegExp(`^${path.split('*').map(escaped).join('.*')}$`, 's');

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
