/**
 * What the two halves of the fault server say to each other: the test's process asks for servers and is told,
 * in order, everything they see; the server's process plays the answers that the paths name.
 */

/** What a server does with a request; a number is answered with that status. */
export type Answer =
  | `${number}`
  | 'echo'
  | 'reset-before-headers'
  | 'fin-before-headers'
  | 'reset-mid-headers'
  | 'fin-mid-headers'
  | 'reset-mid-body'
  | 'fin-mid-body'
  | 'stall-headers'
  | 'stall-mid-headers'
  | 'stall-body'
  | 'drip'
  | 'length-too-long'
  | 'length-too-short'
  | 'garbage'
  | 'garbage-mid-body'
  | 'headers-too-large'
  | 'dies-by-reset'
  | 'dies-by-fin';

/** How the end of a response body is told: by `Content-Length`, by chunks, or by closing the connection. */
export type Framing = 'length' | 'chunked' | 'close';

/** Goes in the query of a URL, so that a request carries all that its answer needs. */
export interface AnswerOptions {
  /** Of an answer whose name is not a status; 200 when left out. */
  readonly status?: number;
  /** Added to the response; a list gives one field line each. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes in the response body; a short JSON document when left out. */
  readonly size?: number;
  /** `length` when left out. */
  readonly framing?: Framing;
  /** Between the pieces of a `drip`. */
  readonly intervalMs?: number;
  /** Waits for `release(path)` before the fault strikes, so that a test can first read what came before it. */
  readonly hold?: boolean;
  /** Answers as soon as the request's head is in, while its body is still on the way. */
  readonly early?: boolean;
}

/** Query parameter that carries the {@link AnswerOptions}. */
export const OPTIONS_PARAMETER = 'answer';

export interface ListenOptions {
  /** Speaks TLS, with a certificate that nobody trusts. */
  readonly tls?: boolean;
  /** Resets every connection as soon as it is accepted. */
  readonly resetOnAccept?: boolean;
  /** Pretends to speak TLS: accepts connections and leaves it at that, so that no handshake ever ends. */
  readonly silent?: boolean;
}

export type Command =
  | { readonly kind: 'listen'; readonly server: number; readonly options: ListenOptions }
  | { readonly kind: 'close'; readonly server: number }
  | { readonly kind: 'stop-listening'; readonly server: number }
  | { readonly kind: 'listen-again'; readonly server: number }
  | { readonly kind: 'close-idle'; readonly server: number }
  | { readonly kind: 'release'; readonly server: number; readonly path: string }
  | { readonly kind: 'sync'; readonly server: number };

export interface NumberedCommand {
  readonly number: number;
  readonly command: Command;
}

/** Everything a server reports. `connection` and `request` count from 1 within one server. */
export type ServerEvent =
  | { readonly kind: 'connected'; readonly server: number; readonly connection: number }
  | {
      readonly kind: 'request';
      readonly server: number;
      readonly connection: number;
      readonly request: number;
      readonly method: string;
      readonly path: string;
      readonly headers: readonly (readonly [name: string, value: string])[];
    }
  | {
      readonly kind: 'request-body';
      readonly server: number;
      readonly request: number;
      readonly body: Uint8Array;
    }
  | { readonly kind: 'answered'; readonly server: number; readonly request: number }
  | {
      readonly kind: 'closed';
      readonly server: number;
      readonly connection: number;
      readonly by: 'client' | 'server';
      readonly bytesReceived: number;
    };

export type Message =
  | { readonly kind: 'event'; readonly event: ServerEvent }
  | { readonly kind: 'done'; readonly number: number; readonly port: number };

/** The bytes of a response body of the given size: the alphabet, over and over. */
export function filler(size: number, offset = 0): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) bytes[index] = 97 + ((offset + index) % 26);
  return bytes;
}
