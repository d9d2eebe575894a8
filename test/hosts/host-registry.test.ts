import { describe, expect, test } from 'vitest';
import { HostRegistry } from '../../src/hosts/host-registry.ts';
import { HostPart, HostState } from '../../src/hosts/host-state.ts';
import { answering } from '../support/answering.ts';
import { harness } from '../support/harness.ts';

const use = (registry: HostRegistry, name: string) => registry.use(name, new URL(`https://${name}.test`));
const keysOf = (registry: HostRegistry) => [...registry.values()].map(({ key }) => key);

describe('the registry', () => {
  test('remembers a host from its first use on', () => {
    const registry = new HostRegistry(10);
    const host = use(registry, 'a');
    expect(use(registry, 'a')).toBe(host);
    expect(registry.get('a')).toBe(host);
    expect(registry.get('b')).toBeUndefined();
    expect(registry.size).toBe(1);
  });

  test('forgets the least recently used when it is full', () => {
    const registry = new HostRegistry(3);
    for (const name of ['a', 'b', 'c', 'a', 'd']) use(registry, name);
    expect(keysOf(registry)).toEqual(['c', 'a', 'd']);
  });

  test('forgets an idle host before one that is in use', () => {
    const registry = new HostRegistry(3);
    use(registry, 'a').active = 1;
    for (const name of ['b', 'c', 'd']) use(registry, name);
    expect(keysOf(registry)).toEqual(['a', 'c', 'd']);
  });

  test('forgets one in use when none is idle, and stays within its bound', () => {
    const registry = new HostRegistry(2);
    for (const name of ['a', 'b', 'c']) use(registry, name).active = 1;
    expect(keysOf(registry)).toEqual(['b', 'c']);
  });

  test('keeps a host that is held by hand', () => {
    const registry = new HostRegistry(2);
    use(registry, 'a').pinned = true;
    for (const name of ['b', 'c', 'd']) use(registry, name);
    expect(keysOf(registry)).toEqual(['a', 'd']);
  });

  test('gives a host that comes back a fresh state', () => {
    const registry = new HostRegistry(1);
    const before = use(registry, 'a');
    use(registry, 'b');
    expect(use(registry, 'a')).not.toBe(before);
    expect(keysOf(registry)).toEqual(['a']);
  });

  test('forgets all when it is cleared, also the one that was used last', () => {
    const registry = new HostRegistry(2);
    const host = use(registry, 'a');
    registry.clear();
    expect(registry.size).toBe(0);
    expect(use(registry, 'a')).not.toBe(host);
    expect(registry.size).toBe(1);
  });
});

describe('the parts of a host', () => {
  test('are made on first use, one of each kind', () => {
    const made: string[] = [];
    const left = new HostPart(host => made.push(`left of ${host.key}`));
    const right = new HostPart(() => ({ level: 1 }));
    const host = new HostState('a', new URL('https://a.test'));
    expect(host.peek(left)).toBeUndefined();
    host.part(left);
    host.part(left);
    host.part(right).level = 2;
    expect(made).toEqual(['left of a']);
    expect(host.peek(right)).toEqual({ level: 2 });
  });
});

describe('fetch.hosts', () => {
  const called = async (...urls: string[]) => {
    const { fetch } = harness({ fetch: answering(200) });
    for (const url of urls) await (await fetch(url)).text();
    return fetch.hosts;
  };

  test('finds a host by its origin, its host and port, and its name', async () => {
    const hosts = await called('https://payments.internal:8443/v1/charges');
    for (const name of [
      'https://payments.internal:8443',
      'payments.internal:8443',
      'payments.internal',
      'PAYMENTS.internal',
    ])
      expect(hosts.get(name)?.key).toBe('https://payments.internal:8443');
    for (const name of ['payments', 'payments.internal:443', 'https://payments.internal', ''])
      expect(hosts.get(name)).toBeUndefined();
  });

  test('of several with one name finds the one that was used last', async () => {
    const hosts = await called('https://a.test/', 'http://a.test/', 'https://b.test/');
    expect(hosts.get('a.test')?.key).toBe('http://a.test');
    expect(hosts.get('https://a.test')?.key).toBe('https://a.test');
  });

  test('lists hosts, least recently used first', async () => {
    const hosts = await called('https://a.test/', 'https://b.test/', 'https://a.test/');
    expect([...hosts].map(({ key }) => key)).toEqual(['https://b.test', 'https://a.test']);
    expect(hosts.size).toBe(2);
  });

  test('shows the present, not the time when it was asked for', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    const view = fetch.hosts.for('https://a.test/');
    expect(view.counters.calls).toBe(0);
    await (await fetch('https://a.test/')).text();
    expect(view.counters.calls).toBe(1);
  });

  test('stays within maxHosts, and a hundred thousand hosts leave no timer', async () => {
    const { fetch, clock } = harness({ fetch: answering(200), maxHosts: 100 });
    for (let host = 0; host < 100_000; host++) fetch.hosts.for(`https://host-${host}.test`);
    for (let host = 0; host < 1_000; host++) await (await fetch(`https://host-${host}.test`)).text();
    expect(fetch.hosts.size).toBe(100);
    expect(clock.pending).toBe(0);
  });

  test('a call in flight to a forgotten host ends as if it were remembered', async () => {
    const { fetch, transport, clock } = harness({ maxHosts: 1 });
    const call = fetch('https://a.test/');
    const attempt = await transport.next();
    fetch.hosts.for('https://b.test/');
    expect(fetch.hosts.get('a.test')).toBeUndefined();
    attempt.respond();
    expect((await call).status).toBe(200);
    expect(clock.pending).toBe(0);
  });
});
