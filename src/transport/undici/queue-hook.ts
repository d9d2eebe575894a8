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

/** What undici gets to know of a request. */
export interface Dispatch {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: readonly string[];
  readonly body: unknown;
  /** Whether it holds up those behind it on its connection; undefined for as undici would have it. */
  readonly blocking: false | undefined;
}

export type NewDispatch = new (request: Dispatch, queued: Queued) => Dispatch;

/** A class whose instances have the hook, made for those alone that come to wait. */
export function dispatchClass(undici: typeof Undici): NewDispatch {
  class WithHook implements Dispatch {
    readonly origin: string;
    readonly path: string;
    readonly method: string;
    readonly headers: readonly string[];
    readonly body: unknown;
    readonly blocking: false | undefined;
    readonly #queued: Queued;

    constructor({ origin, path, method, headers, body, blocking }: Dispatch, queued: Queued) {
      this.origin = origin;
      this.path = path;
      this.method = method;
      this.headers = headers;
      this.body = body;
      this.blocking = blocking;
      this.#queued = queued;
    }

    get hook(): (leave: (reason: unknown) => void) => void {
      return leave => this.#queued.onQueued(leave);
    }
  }
  const name = hookName(undici);
  const hook = Object.getOwnPropertyDescriptor(WithHook.prototype, 'hook');
  if (name && hook) Object.defineProperty(WithHook.prototype, name, hook);
  return WithHook;
}

function hookName({ Dispatcher }: typeof Undici): symbol | undefined {
  let hooks: readonly symbol[] = [];
  class Probe extends Dispatcher {
    override dispatch(options: object): boolean {
      const given = options as Record<symbol, unknown>;
      hooks = Object.getOwnPropertySymbols(given).filter(name => typeof given[name] === 'function');
      return true;
    }
  }
  const { signal } = new AbortController();
  new Probe().request({ origin: 'http://localhost', path: '/', method: 'GET', signal }).catch(() => {});
  // Of several we could not tell which.
  return hooks.length === 1 ? hooks[0] : undefined;
}
