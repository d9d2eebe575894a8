import {
  type CircuitState,
  createFetch,
  explain,
  type HoldfastEvent,
  type OutcomeKind,
  responseInfo,
} from 'holdfast';
import { type Client, policy } from './clients.ts';

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
    return this.#fetch.hosts.get(origin)?.circuitBreaker.state ?? 'closed';
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
    const { retries, elapsedMs } = info;
    const best = this.recovered;
    if (best && (best.retries > retries || (best.retries === retries && best.elapsedMs >= elapsedMs))) return;
    this.recovered = { retries, elapsedMs, story: explain(response) };
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
