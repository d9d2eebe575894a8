/** The page: buttons, and what they show of our fetch. */
import { createFetch, explain } from 'holdfast';
import { CallList } from './call-list.ts';
import { showHost } from './host-panel.ts';

declare const SERVICE_URL: string;

const element = <Kind extends HTMLElement = HTMLElement>(id: string): Kind =>
  document.getElementById(id) as Kind;

const calls = new CallList(element('calls'));

const fetch = createFetch({
  totalTimeoutMs: 6_000,
  attemptTimeoutMs: 1_500,
  retry: { maxRetries: 2, baseDelayMs: 500 },
  circuitBreaker: { consecutiveFailures: 6, minimumSilenceMs: 500, openMs: 4_000 },
  observe(event) {
    if (event.type === 'call-start') calls.add(event.call);
  },
});

/** The calls that are under way. */
const open = new Set<AbortController>();

async function send(): Promise<void> {
  const caller = new AbortController();
  open.add(caller);
  element('none').hidden = true;
  show();
  try {
    // Chromium sends calls that its cache might answer for each other one after the other.
    const response = await fetch(`${SERVICE_URL}/orders/42`, { signal: caller.signal, cache: 'no-store' });
    await response.text();
    console.info(explain(response));
  } catch (error) {
    console.info(explain(error));
  } finally {
    open.delete(caller);
    show();
  }
}

/** By the page's own fetch: what the service has seen is no call of ours. */
async function count(): Promise<void> {
  const response = await globalThis.fetch(`${SERVICE_URL}/seen`);
  const seen = (await response.json()) as { requests: number; cancelled: number };
  element('requests').textContent = String(seen.requests);
  element('cancelled').textContent = String(seen.cancelled);
}

function show(): void {
  element<HTMLButtonElement>('cancel').disabled = open.size === 0;
  showHost(fetch.hosts.get(SERVICE_URL), element);
  calls.show();
}

element('send').addEventListener('click', () => void send());
element('send-ten').addEventListener('click', () => {
  for (let call = 0; call < 10; call++) void send();
});
element('cancel').addEventListener('click', () => {
  for (const caller of open) caller.abort(new DOMException('Cancelled by hand.', 'AbortError'));
});
element('moods').addEventListener('change', async event => {
  const { value } = event.target as HTMLInputElement;
  await globalThis.fetch(`${SERVICE_URL}/mood?is=${value}`, { method: 'PUT' });
});

setInterval(() => void count(), 1_000);
/** Ten times a second: bars grow, and an open circuit counts down. */
setInterval(show, 100);
show();
