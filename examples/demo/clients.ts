import {
  type CircuitState,
  createFetch,
  explain,
  type HoldfastEvent,
  type OutcomeKind,
  type PolicyOptions,
  responseInfo,
} from 'holdfast';

/** What the traffic is sent through. Nothing else differs between the two sides. */
export interface Client {
  readonly name: 'fetch' | 'holdfast';
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
}

export const TOTAL_TIMEOUT_MS = 3_000;

/** Tighter times than the defaults, because the show is short; everything else is what nobody set. */
export const policy = {
  totalTimeoutMs: TOTAL_TIMEOUT_MS,
  attemptTimeoutMs: 700,
} satisfies PolicyOptions;

/** The global fetch as a careful person calls it: with a time limit, the same as holdfast's. */
export const rawClient: Client = {
  name: 'fetch',
  send: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(TOTAL_TIMEOUT_MS) }),
};

/** Something worth a line while the demo runs. */
export interface Happening {
  readonly at: number;
  readonly text: string;
}

const BECAUSE = {
  consecutive: 'failures in a row and nothing else for a while',
  ratio: 'too large a share of failures',
  'open-time': 'time for a probe',
  'probe-success': 'the probe was answered',
  'probe-failure': 'the probe failed',
  'by-hand': 'by hand',
} as const;

/** holdfast with an observer that counts. */
export class HoldfastClient implements Client {
  readonly name = 'holdfast';
  readonly happenings: Happening[] = [];
  /** That left for the service, or tried to. */
  attempts = 0;
  retries = 0;
  /** Refused before sending. */
  rejections = 0;
  circuitOpened = 0;
  /** The story of the call that was recovered the hard way: the most retries, and of those the longest. */
  recovered: { readonly retries: number; readonly elapsedMs: number; readonly story: string } | undefined;
  readonly #fetch = createFetch({ ...policy, observe: event => this.#observe(event) });

  async send(url: string, init: RequestInit): Promise<Response> {
    const response = await this.#fetch(url, init);
    if (response.ok) this.#remember(response);
    return response;
  }

  circuitState(origin: string): CircuitState {
    return this.#fetch.hosts.get(origin)?.circuitBreaker?.state ?? 'closed';
  }

  /** How long the host still wants to be left alone. */
  pauseMs(origin: string): number {
    return this.#fetch.hosts.get(origin)?.pause.remainingMs ?? 0;
  }

  close(): void {
    this.#fetch.close();
  }

  #remember(response: Response): void {
    const info = responseInfo(response);
    if (!info || info.retries === 0) return;
    const best = this.recovered;
    if (best && (best.retries > info.retries || best.elapsedMs > info.elapsedMs)) return;
    this.recovered = { retries: info.retries, elapsedMs: info.elapsedMs, story: explain(response) };
  }

  #observe(event: HoldfastEvent): void {
    if (event.type === 'attempt-end') this.#count(event.outcome);
    if (event.type === 'retry') this.retries++;
    if (event.type === 'circuit') {
      if (event.to === 'open' && event.from === 'closed') this.circuitOpened++;
      this.#tell(`circuit ${event.to}: ${BECAUSE[event.because]}`);
    }
    if (event.type === 'host-pause') this.#tell(`host paused for ${Math.round(event.pauseMs)} ms`);
  }

  #count(outcome: OutcomeKind): void {
    if (outcome === 'rejected') this.rejections++;
    else this.attempts++;
  }

  #tell(text: string): void {
    this.happenings.push({ at: performance.now(), text });
  }
}

const IN_WORDS: Readonly<Record<string, string>> = {
  CIRCUIT_OPEN: 'circuit open',
  HOST_PAUSED: 'host paused',
  CLOSED: 'closed',
  TIMEOUT: 'timed out',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
};

/** Why a call failed, in a word or two; undefined for an error that no service can cause. */
export function failureOf(error: unknown): string | undefined {
  if ((error as Error).name === 'TimeoutError') return 'timed out';
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, reason } = cause as { code?: unknown; reason?: unknown };
    const known = IN_WORDS[String(code)] ?? IN_WORDS[String(reason)];
    if (known) return known;
  }
  return undefined;
}
