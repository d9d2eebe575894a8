/** What is known of the service: its circuit, the retry budget, and whether it has asked to be left alone. */
import type { HostView } from 'holdfast';

type Find = <Kind extends HTMLElement>(id: string) => Kind;

/** @param host - undefined until it is first called. */
export function showHost(host: HostView | undefined, find: Find): void {
  const state = host?.circuitBreaker.state ?? 'closed';
  for (const item of find('circuit').children) {
    if (!(item instanceof HTMLElement)) continue;
    if (item.dataset.state === state) item.setAttribute('aria-current', 'true');
    else item.removeAttribute('aria-current');
  }
  say(find('circuit-says'), sentences[state]);
  const budget = host?.retryBudget;
  find<HTMLMeterElement>('budget').value = budget ? budget.tokens / budget.maxTokens : 1;
  const pausedMs = host?.pause.remainingMs ?? 0;
  say(find('paused'), pausedMs > 0 ? `${(pausedMs / 1_000).toFixed(1)} s more` : 'no');
}

const sentences: Readonly<Record<HostView['circuitBreaker']['state'], string>> = {
  closed: 'Calls go through.',
  open: 'Calls are refused at once; the service is left alone.',
  'half-open': 'The next call is a probe: it tells whether the service is well again.',
  isolated: 'Held open by hand.',
};

/** Only what changes: everything in a status is read aloud. */
function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
