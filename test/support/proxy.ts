import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Listening } from './listening.ts';

export interface TestProxy extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** What it was asked for: `CONNECT host:port`, or a method and a URL. */
  readonly asked: readonly string[];
  /** Values of `Proxy-Authorization`. */
  readonly credentials: readonly (string | undefined)[];
  readonly listening: Listening;
}

/** A proxy that goes to this machine, whatever the name. With a status it refuses; with `never` it does not answer. */
export async function startProxy(refusal?: number | 'never'): Promise<TestProxy> {
  const asked: string[] = [];
  const credentials: (string | undefined)[] = [];
  const note = ({ method, url, headers }: IncomingMessage) => {
    asked.push(`${method} ${url}`);
    credentials.push(headers['proxy-authorization']);
  };
  const server = createServer((incoming: IncomingMessage, answer: ServerResponse) => {
    note(incoming);
    if (refusal === 'never') return;
    if (refusal !== undefined) {
      answer.writeHead(refusal).end();
      return;
    }
    const { port, pathname, search } = new URL(incoming.url as string);
    const { 'proxy-authorization': _, ...headers } = incoming.headers;
    const { method } = incoming;
    const onward = request(
      { host: '127.0.0.1', port, path: pathname + search, method, headers },
      response => {
        answer.writeHead(response.statusCode as number, response.headers);
        response.pipe(answer);
      },
    );
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  });
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    note(incoming);
    if (refusal === 'never') return;
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const onward = connect(Number((incoming.url as string).split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  const listening = await Listening.on(server);
  return {
    url: `http://127.0.0.1:${listening.port}`,
    port: listening.port,
    asked,
    credentials,
    listening,
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}
