/** What the runtime's `fetch` sends through, and whether somebody has chosen it. */
import { isDeepStrictEqual } from 'node:util';

interface Dispatcher {
  readonly constructor: new () => Dispatcher;
  readonly dispatch: unknown;
}

/** Where every undici, the runtime's included, puts the dispatcher of the process. */
const place = Symbol.for('undici.globalDispatcher.1');

/** Where undici 8 puts it as well; in the first place it has a wrapper then. */
const placeOf8 = Symbol.for('undici.globalDispatcher.2');

const places = globalThis as { readonly [place]?: Dispatcher; readonly [placeOf8]?: Dispatcher };

/** Undefined until an undici has been loaded. */
export const globalDispatcher = (): object | undefined => places[place];

/** Whether requests may have to go another way than straight to the host, such as through a proxy or into a mock. */
export function isDispatcherChosen(): boolean {
  const first = places[place];
  const dispatcher = nameOf(first) === 'Dispatcher1Wrapper' ? places[placeOf8] : first;
  return dispatcher !== undefined && !isDefault(dispatcher);
}

const nameOf = (dispatcher: Dispatcher | undefined): string | undefined => dispatcher?.constructor.name;

/** What makes one `Agent` differ from another. The names are undici's own; without them it counts as chosen. */
const traits = ['options', 'factory'];

/** An undici that is loaded puts an `Agent` without options there, of which nobody need have thought. */
function isDefault(dispatcher: Dispatcher): boolean {
  if (nameOf(dispatcher) !== 'Agent') return false;
  const { constructor: Agent } = dispatcher;
  // One that interceptors were composed with is the same but for this.
  if (dispatcher.dispatch !== Agent.prototype.dispatch) return false;
  const fresh = traitsOf(new Agent());
  return fresh.length === traits.length && isDeepStrictEqual(traitsOf(dispatcher), fresh);
}

const traitsOf = (dispatcher: Dispatcher): unknown[] =>
  Object.getOwnPropertySymbols(dispatcher)
    .filter(({ description }) => traits.includes(description ?? ''))
    .map(symbol => (dispatcher as unknown as Record<symbol, unknown>)[symbol]);
