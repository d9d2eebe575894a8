/** Set up before tests that are to run over undici too: what a fetch sends when nobody says otherwise goes there. */
import { vi } from 'vitest';

vi.mock(import('../../src/transport/fetch-transport.ts'), async importOriginal => {
  const original = await importOriginal();
  const { undici } = await import('../../src/transport/undici/index.ts');
  const { send } = undici();
  return { ...original, fetchTransport: fetch => (fetch ? original.fetchTransport(fetch) : send) };
});
