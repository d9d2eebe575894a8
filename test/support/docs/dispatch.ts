/** Lets undici's agents be answered by the services of the pages, as `fetch` is. */
import { Agent, type Dispatcher } from 'undici';
import { fetchFromServices } from './services.ts';

interface Options {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: readonly string[];
  readonly body: BodyInit | null;
}

export function dispatchToServices(): void {
  const { dispatch } = Agent.prototype;
  Agent.prototype.dispatch = function (options, handler) {
    // Others, such as mocks, have agents too.
    if (!Array.isArray(options.headers)) return dispatch.call(this, options, handler);
    answer(options as unknown as Options, handler).catch(error => handler.onResponseError?.(unheld, error));
    return true;
  };
}

/** Nothing of the pages is so long that it has to be held. */
const unheld = { pause() {}, resume() {}, abort() {} } as unknown as Dispatcher.DispatchController;

async function answer(options: Options, handler: Dispatcher.DispatchHandler): Promise<void> {
  const { origin, path, method, headers, body } = options;
  const pairs = headers.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, headers[index + 1] ?? '']] : [],
  );
  handler.onRequestStart?.(unheld, {});
  handler.onRequestSent?.();
  const response = await fetchFromServices(origin + path, { method, headers: pairs, body });
  handler.onResponseStart?.(
    unheld,
    response.status,
    Object.fromEntries(response.headers),
    response.statusText,
  );
  handler.onResponseData?.(unheld, Buffer.from(await response.arrayBuffer()));
  handler.onResponseEnd?.(unheld, {});
}
