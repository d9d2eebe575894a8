/** What goes wrong with a service, switched on for its next requests. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/**
 * `slow`: it answers when nobody waits any longer. `busy`: 503, with a time to come back. `lost`: it executes, and the connection closes before
 * there is an answer. `reset`: in the middle of the answer. `garbled`: it answers with what its document does not say.
 * `malformed`: with what is no JSON. `trickle`: with a body that comes a byte at a time. `down`: 500.
 */
export type Fault = 'lost' | 'slow' | 'busy' | 'reset' | 'garbled' | 'malformed' | 'trickle' | 'down';

/** The faults of the next requests, the first first. */
export class Faults {
  #next: Fault[] = [];
  #always: Fault | undefined;

  /** @param count - how many requests it lasts; Infinity until `clear`. */
  add(fault: Fault, count = 1): void {
    if (count === Number.POSITIVE_INFINITY) this.#always = fault;
    else this.#next.push(...Array.from({ length: count }, () => fault));
  }

  clear(): void {
    this.#next = [];
    this.#always = undefined;
  }

  take(): Fault | undefined {
    return this.#next.shift() ?? this.#always;
  }
}

/** Sends an answer as a fault has it. */
export async function sendWith(
  fault: Fault | undefined,
  response: ServerResponse,
  status: number,
  value: unknown,
): Promise<void> {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  const text = JSON.stringify(value);
  switch (fault) {
    case 'busy':
      response.writeHead(503, { 'Content-Type': 'application/problem+json', 'Retry-After': '1' });
      response.end('{"title":"Too many orders at once"}');
      return;
    case 'down':
      response.writeHead(500).end('out of memory');
      return;
    case 'lost':
      response.destroy();
      return;
    case 'reset':
      response.writeHead(status, { 'Content-Type': type, 'Content-Length': text.length });
      response.write(text.slice(0, text.length / 2));
      setImmediate(() => response.destroy());
      return;
    case 'garbled':
      response
        .writeHead(status, { 'Content-Type': type })
        .end(text.replace(/"stock":\d+/, '"stock":"plenty"'));
      return;
    case 'malformed':
      response.writeHead(status, { 'Content-Type': type }).end('<html>the proxy is not well</html>');
      return;
    case 'trickle':
      response.writeHead(status, { 'Content-Type': type });
      for (const character of text) {
        response.write(character);
        await new Promise(resolve => setImmediate(resolve));
      }
      response.end();
      return;
    case 'slow':
      await once(response, 'close');
      return;
  }
  response.writeHead(status, { 'Content-Type': type }).end(text);
}
