import { HostState } from './host-state.ts';

/**
 * The hosts that have been called, at most `maxHosts` of them. When it is full the least recently used host goes,
 * an idle one if there is any; one that is held by hand stays. A call in flight keeps the state it started with.
 */
export class HostRegistry {
  readonly #maxHosts: number;
  /** In the order of last use. */
  readonly #hosts = new Map<string, HostState>();
  #latest: HostState | undefined;

  constructor(maxHosts: number) {
    this.#maxHosts = maxHosts;
  }

  get size(): number {
    return this.#hosts.size;
  }

  /** The host of a call, made on first use, now the most recently used. */
  use(key: string, url: URL): HostState {
    if (this.#latest?.key === key) return this.#latest;
    const host = this.#hosts.get(key) ?? new HostState(key, url);
    if (!this.#hosts.delete(key)) this.#makeRoom();
    this.#hosts.set(key, host);
    this.#latest = host;
    return host;
  }

  get(key: string): HostState | undefined {
    return this.#hosts.get(key);
  }

  values(): MapIterator<HostState> {
    return this.#hosts.values();
  }

  clear(): void {
    this.#hosts.clear();
    this.#latest = undefined;
  }

  #makeRoom(): void {
    if (this.#hosts.size < this.#maxHosts) return;
    const victim = this.#find(host => host.active === 0) ?? this.#find(() => true);
    if (victim) this.#hosts.delete(victim.key);
  }

  #find(accepts: (host: HostState) => boolean): HostState | undefined {
    for (const host of this.#hosts.values()) if (!host.pinned && accepts(host)) return host;
    return undefined;
  }
}
