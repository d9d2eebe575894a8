import { describe, expect, test } from 'vitest';
import { createFetch, NetworkError } from '../../src/index.ts';
import { refusedUrl, startFaultServer } from '../support/fault-server.ts';
import { rejection } from '../support/rejection.ts';

/**
 * A POST that was answered with a redirect has been sent, and executed, whatever becomes of the place that it was
 * redirected to.
 */
describe('a POST whose redirect leads to a host that refuses connections', () => {
  const cases: [string, RequestInit][] = [
    ['without a key', {}],
    ['with a credential of its own, whose redirects we follow', { headers: { 'X-API-Key': 'secret' } }],
  ];
  const statuses = [303, 307];
  const matrix = statuses.flatMap(status => cases.map(([name, init]) => [status, name, init] as const));

  test.each(matrix)('%i, %s: is not repeated as if it had never left', async (status, _, init) => {
    await using home = await startFaultServer();
    await using fetch = createFetch({ retry: { unsent: true, baseDelayMs: 0 } });
    const url = home.url(`/${status}`, { headers: { location: await refusedUrl() } });
    const error = await rejection(NetworkError, fetch(url, { ...init, method: 'POST', body: 'charge 42' }));
    expect(await home.requests()).toHaveLength(1);
    expect(error.sent).not.toBe('no');
    expect(error.message).not.toContain('never reached the server');
  });
});
