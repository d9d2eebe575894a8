import { HostPart } from '../../hosts/host-state.ts';
import type { Call } from '../../pipeline/call.ts';
import { isTimeout, type Outcome } from '../../pipeline/outcome.ts';
import type { HedgeSetting } from './surroundings.ts';

/** The shortest latency that is told from none, in milliseconds. */
const leastMs = 0.25;
/** Buckets to each doubling: each is 9 % wide, which is as exact as a quantile of a changing host can be. */
const perDoubling = 8;
/** Up to 2^24 × 0.25 ms, more than an hour. */
const bucketCount = 24 * perDoubling;
/** When this much is in them, all buckets are halved: what was long ago counts ever less. */
const maxWeight = 1_000;
/** The quantile is looked up again after so many samples. */
const samplesPerReading = 16;
/** How many samples should be slower than a quantile that is worth the name. */
const samplesBeyond = 5;

/** How many samples it takes before a quantile means something: 100 for 0.95, 500 for 0.99. */
export const samplesFor = (quantile: number): number => Math.ceil(samplesBeyond / (1 - quantile) - 1e-9);

/**
 * How long the attempts to one host take, as a histogram with buckets that grow in proportion and fade: constant in
 * space, and in time per sample.
 *
 * The buckets are those of HdrHistogram and of OpenTelemetry's exponential histograms (scale 3). Fading by halving is
 * the forward decay of Cormode, Shkapenyuk, Srivastava and Xu (ICDE 2009), by number of samples in place of time.
 *
 * @see {@link https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram | Exponential histogram}
 * @see {@link http://dimacs.rutgers.edu/~graham/pubs/papers/fwddecay.pdf | Forward decay}
 */
export class Latencies {
  readonly #buckets = new Float32Array(bucketCount);
  #weight = 0;
  #samples = 0;
  #quantile = 0;
  #reading: number | undefined;
  #readAt = 0;

  add(ms: number): void {
    const bucket = bucketOf(ms);
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1;
    this.#samples++;
    if (++this.#weight >= maxWeight) this.#fade();
  }

  /** Milliseconds within which this share was answered; undefined while there are too few samples to tell. */
  quantile(quantile: number): number | undefined {
    if (this.#samples < samplesFor(quantile)) return undefined;
    if (quantile !== this.#quantile || this.#samples - this.#readAt >= samplesPerReading) {
      this.#quantile = quantile;
      this.#readAt = this.#samples;
      this.#reading = this.#look(quantile);
    }
    return this.#reading;
  }

  #look(quantile: number): number {
    let above = this.#weight * (1 - quantile);
    for (let bucket = bucketCount - 1; bucket > 0; bucket--) {
      above -= this.#buckets[bucket] as number;
      if (above < 0) return upperBoundOf(bucket);
    }
    return upperBoundOf(0);
  }

  #fade(): void {
    this.#weight = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const half = (this.#buckets[bucket] as number) / 2;
      this.#buckets[bucket] = half;
      this.#weight += half;
    }
  }
}

function bucketOf(ms: number): number {
  if (!(ms > leastMs)) return 0;
  // A bound belongs to the bucket below it, whatever a logarithm makes of its last digit.
  return Math.min(bucketCount - 1, Math.ceil(Math.log2(ms / leastMs) * perDoubling - 1e-9));
}

const upperBoundOf = (bucket: number): number => leastMs * 2 ** (bucket / perDoubling);

/** What is known of a host; made when the first attempt to it is timed. */
export const latencies: HostPart<Latencies> = new HostPart(() => new Latencies());

/**
 * Takes down how long an attempt took that was answered, or in vain: one that ran into its time limit, or lost, would
 * have taken at least that long, and to leave it out would make the host look faster the slower it is. What fails at
 * once says nothing of how long an answer takes.
 *
 * @param outcome - undefined for one that lost.
 */
export function learn(
  { rules, isTransient }: HedgeSetting,
  call: Call,
  startedAt: number,
  outcome?: Outcome,
): void {
  if (rules.quantile === undefined) return;
  if (outcome && !isTimeout(outcome) && (!outcome.response || isTransient(outcome))) return;
  const waitedMs = call.record.attempt(call.attempt)?.waitedMs ?? 0;
  call.host.part(latencies).add(call.runtime.clock.now() - startedAt - waitedMs);
}
