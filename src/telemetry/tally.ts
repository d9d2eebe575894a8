import type { Attributes, ObservableResult } from '@opentelemetry/api';

/** The limit of the SDKs for one instrument, and how they say that there were more. */
const maxSeries = 2_000;
const overflow: Attributes = { 'otel.metric.overflow': true };

type Value = string | number;

/**
 * A counter that is added up here and read when metrics are collected. The SDK sorts, hashes and compares the attributes of
 * each measurement, which costs more than all else that is done for a call; here a series is found by its values alone.
 */
export class Tally {
  readonly #names: readonly string[];
  readonly #series = new Map<string, { readonly attributes: Attributes; count: number }>();

  /** @param names - of the attributes, in the order of the values that {@link count} is given. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  count(...values: readonly Value[]): void {
    const key = values.join('\n');
    const series = this.#series.get(key);
    if (series) series.count++;
    // One place is kept for all that come too late.
    else if (this.#series.size < maxSeries - 1) this.#begin(key, values);
    else this.#countOverflow();
  }

  #begin(key: string, values: readonly Value[]): void {
    const attributes = Object.fromEntries(this.#names.map((name, index) => [name, values[index]]));
    this.#series.set(key, { attributes, count: 1 });
  }

  #countOverflow(): void {
    const series = this.#series.get('');
    if (series) series.count++;
    else this.#series.set('', { attributes: overflow, count: 1 });
  }

  observe(result: ObservableResult): void {
    for (const { attributes, count } of this.#series.values()) result.observe(count, attributes);
  }
}
