/**
 * How a request leaves undici's queue before it has got a connection. undici can do that for those who call it with a
 * signal, by a hook among the options that has a symbol for a name. We have no signal to give (a listener for each
 * would cost more than the request), so the name is looked up once, in a call that goes nowhere.
 *
 * Where there is no such hook, a request that is given up stays in the queue until its turn comes, and is not sent then.
 */
import type * as Undici from 'undici';

/** Waits in a queue. Is told how to leave it. */
interface Queued {
  onQueued(leave: (reason: unknown) => void): void;
}

export type AddQueueHook = <Options extends object>(options: Options, queued: Queued) => Options;

export function queueHook(undici: typeof Undici): AddQueueHook {
  const name = hookName(undici);
  if (!name) return options => options;
  return (options, queued) => {
    (options as Record<symbol, unknown>)[name] = (leave: (reason: unknown) => void) => queued.onQueued(leave);
    return options;
  };
}

function hookName({ Dispatcher }: typeof Undici): symbol | undefined {
  let name: symbol | undefined;
  class Probe extends Dispatcher {
    override dispatch(options: object): boolean {
      [name] = Object.getOwnPropertySymbols(options);
      return true;
    }
  }
  const { signal } = new AbortController();
  new Probe().request({ origin: 'http://localhost', path: '/', method: 'GET', signal }).catch(() => {});
  return name;
}
