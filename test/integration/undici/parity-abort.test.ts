/** A call is given up over undici as with the runtime's own `fetch`, whatever it is at. */
import net, { type AddressInfo } from 'node:net';
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Fetch, ok, Parity, type Program, type World } from '../../support/parity.ts';

let parity: Parity;
beforeAll(async () => {
  parity = await Parity.start();
});
afterAll(() => parity[Symbol.asyncDispose]());

const reasons: Record<string, (controller: AbortController) => void> = {
  'no reason': controller => controller.abort(),
  'an Error': controller => controller.abort(new RangeError('enough')),
};

const never: Answer = () => {};

/** A part of the answer, and no more. */
const part: Answer = (_, response) => {
  response.setHeader('Content-Length', '1000');
  response.write('part');
};

const codedPart: Answer = (_, response) => {
  const coded = zlib.gzipSync('x'.repeat(1_000));
  response.setHeader('Content-Encoding', 'gzip');
  response.setHeader('Content-Length', coded.byteLength);
  response.write(coded.subarray(0, 12));
};

const iterate = async (response: Response): Promise<number> => {
  let parts = 0;
  for await (const _ of response.body ?? []) parts++;
  return parts;
};

const readers: Record<string, (response: Response) => unknown> = {
  text: response => response.text(),
  json: response => response.json(),
  bytes: response => response.bytes(),
  arrayBuffer: response => response.arrayBuffer(),
  blob: response => response.blob(),
  formData: response => response.formData(),
  'a loop': iterate,
  'a clone': response => response.clone().text(),
  'a pipe': response => response.body?.pipeTo(new WritableStream()),
  'a reader': async response => {
    const reader = response.body?.getReader();
    while (!(await reader?.read())?.done);
  },
};

const caught = (promise: unknown): Promise<unknown> =>
  Promise.resolve(promise).then(
    value => ({ value }),
    (error: unknown) => ({ error }),
  );

describe.each(Object.entries(reasons))('for %s,', (_, abort) => {
  test('before', () =>
    parity.expectSame((fetch, { home, controller }) => {
      abort(controller);
      return fetch(home, { signal: controller.signal });
    }));

  test('before, by a Request', () =>
    parity.expectSame((fetch, { home, controller }) => {
      abort(controller);
      return fetch(new Request(home, { signal: controller.signal }));
    }));

  test('at once', () =>
    parity.expectSame((fetch, { home, controller }) => {
      const call = fetch(home, { signal: controller.signal });
      abort(controller);
      return call;
    }, never));

  test('while waiting for an answer', () =>
    parity.expectSame(async (fetch, { home, controller, requested }) => {
      const call = fetch(home, { signal: controller.signal });
      void requested.then(() => abort(controller));
      return call;
    }, never));

  test('while waiting, by a Request', () =>
    parity.expectSame(async (fetch, { home, controller, requested }) => {
      const call = fetch(new Request(home, { signal: controller.signal }));
      void requested.then(() => abort(controller));
      return call;
    }, never));

  test('while connecting', async () => {
    // Takes connections and never says a word, so that TLS goes no further.
    const silent = net.createServer();
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
    const sockets: net.Socket[] = [];
    silent.on('connection', socket => void sockets.push(socket.on('error', () => {})));
    const { port } = silent.address() as AddressInfo;
    await parity.expectSame(async (fetch, { controller }) => {
      const connected = new Promise(resolve => silent.once('connection', resolve));
      const call = caught(fetch(`https://127.0.0.1:${port}/`, { signal: controller.signal }));
      await connected;
      abort(controller);
      return call;
    });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  test.each(Object.entries(readers))('in the middle of a body that is read by %s', (_name, read) =>
    parity.expectSame(async (fetch, { home, controller }) => {
      const response = await fetch(home, { signal: controller.signal });
      const reading = caught(read(response));
      await new Promise(resolve => setImmediate(resolve));
      abort(controller);
      return [await reading, response.bodyUsed];
    }, part));

  test.each(Object.entries(readers))('in the middle of a coded body that is read by %s', (_name, read) =>
    parity.expectSame(async (fetch, { home, controller }) => {
      const response = await fetch(home, { signal: controller.signal });
      const reading = caught(read(response));
      await new Promise(resolve => setImmediate(resolve));
      abort(controller);
      return [await reading, response.bodyUsed];
    }, codedPart));

  test.each(Object.entries(readers))('before a body is read by %s', (_name, read) =>
    parity.expectSame(async (fetch, { home, controller }) => {
      const response = await fetch(home, { signal: controller.signal });
      abort(controller);
      return [await caught(read(response)), response.bodyUsed];
    }, part));

  test.each(Object.entries(readers))('when a body has come in, and is then read by %s', (_name, read) =>
    parity.expectSame(async (fetch, { home, controller }) => {
      const response = await fetch(home, { signal: controller.signal });
      abort(controller);
      return [await caught(read(response)), response.bodyUsed];
    }));

  test('when a body has come in and its stream is out', () =>
    parity.expectSame(async (fetch, { home, controller }) => {
      const response = await fetch(home, { signal: controller.signal });
      const reader = response.body?.getReader();
      abort(controller);
      return [await caught(reader?.read()), await caught(reader?.closed), response.bodyUsed];
    }));

  test('after it was cloned', () =>
    parity.expectSame(async (fetch, { home, controller }) => {
      const response = await fetch(home, { signal: controller.signal });
      const clone = response.clone();
      abort(controller);
      return [await caught(response.text()), await caught(clone.text())];
    }, part));

  test('after it was read', () =>
    parity.expectSame(async (fetch, { home, controller }) => {
      const response = await fetch(home, { signal: controller.signal });
      const text = await response.text();
      abort(controller);
      return [text, response.bodyUsed, await caught(response.text())];
    }));

  test('of an answer without a body', () =>
    parity.expectSame(
      async (fetch, { home, controller }) => {
        const response = await fetch(home, { signal: controller.signal });
        abort(controller);
        return [await caught(response.text()), response.body];
      },
      (_request, response) => void response.writeHead(204).end(),
    ));

  test('on the way to another place', () =>
    parity.expectSame(
      async (fetch, { home, controller }) => {
        const call = fetch(`${home}/1`, { signal: controller.signal });
        controller.signal.addEventListener('abort', () => {});
        return call;
      },
      (request, response) => {
        if (request.url === '/1') response.writeHead(302, { Location: '/2' }).end();
        else ok(request, response);
      },
    ));

  test('of a stream that is sent', () =>
    parity.expectSame(async (fetch, { home, controller, requested }) => {
      const body = new ReadableStream({ start: stream => stream.enqueue(Buffer.from('part')) });
      const init = { method: 'POST', body, duplex: 'half', signal: controller.signal };
      const call = caught(fetch(home, init as RequestInit));
      await requested;
      abort(controller);
      return call;
    }, never));
});

describe('a signal that has aborted', () => {
  test('ends a stream of no bytes', () =>
    parity.expectSame(
      async (fetch, { home, controller }) => {
        const response = await fetch(home, { signal: controller.signal });
        const reader = response.body?.getReader();
        controller.abort();
        return [await caught(reader?.read()), await caught(reader?.closed)];
      },
      (_request, response) => void response.writeHead(200, { 'Content-Length': 0 }).end(),
    ));

  test('uses up a Request', () =>
    parity.expectSame(async (fetch, { home, controller }) => {
      controller.abort();
      const request = new Request(home, { method: 'POST', body: 'x', signal: controller.signal });
      return [await caught(fetch(request)), request.bodyUsed];
    }));
});

describe('which signal counts:', () => {
  const inputs: Record<string, (request: Request, signal: AbortSignal) => Parameters<Fetch>> = {
    'that of a Request': request => [request],
    'that of a Request made of another': request => [new Request(request)],
    'that of a Request, with another method': request => [request, { method: 'POST' }],
    'that of a Request, with undefined': request => [
      request,
      { signal: undefined } as unknown as RequestInit,
    ],
    'none in place of that of a Request': request => [request, { signal: null }],
    'another in place of that of a Request': request => [request, { signal: new AbortController().signal }],
    'that of an init beside a Request': (request, signal) => [new Request(request.url), { signal }],
    'that of a clone': request => [request.clone()],
  };
  test.each(Object.entries(inputs))('%s', (_, input) =>
    parity.expectSame((fetch, { home, controller }) => {
      const request = new Request(home, { signal: controller.signal });
      controller.abort('enough');
      return fetch(...input(request, controller.signal));
    }));
});

test('a signal that times out', async () => {
  const program: Program = (fetch, { home }) => fetch(home, { signal: AbortSignal.timeout(1) });
  const { program: theirs } = await parity.theirs(program, never);
  // Whether the request gets out before is a matter of chance.
  expect((await parity.ours(program, never)).program).toEqual(theirs);
});

test('any of several signals', () =>
  parity.expectSame(async (fetch, { home, controller, requested }) => {
    const signal = AbortSignal.any([controller.signal, new AbortController().signal]);
    const call = fetch(home, { signal });
    void requested.then(() => controller.abort('enough'));
    return call;
  }, never));

test('arguments that will not do come before a signal that has aborted', () =>
  parity.expectSame((fetch, { home }) =>
    fetch(home, { method: 'TRACE', signal: AbortSignal.abort('enough') }),
  ));

/** Whether a promise rejects before the next turn of the microtask queue. */
async function order(promise: Promise<unknown>): Promise<string[]> {
  const log: string[] = [];
  const rejected = promise.catch(() => log.push('rejected'));
  await Promise.all([rejected, Promise.resolve().then(() => log.push('next'))]);
  return log;
}

describe('what differs:', () => {
  const aborted = (fetch: Fetch, { home, controller }: World) =>
    fetch(home, { signal: controller.signal }).then(response => {
      controller.abort(null);
      return response.text();
    });

  test('null is a reason for a body too, as it is for a call', async () => {
    expect((await parity.theirs(aborted)).program).toMatchObject({ thrown: { name: 'AbortError' } });
    expect((await parity.ours(aborted)).program).toEqual({ thrown: 'null' });
  });

  test('a stream that is being sent is cancelled', async () => {
    const { promise: cancelled, resolve: cancel } = Promise.withResolvers<string>();
    const { program } = await parity.ours(async (fetch, { home, controller, requested }) => {
      const body = new ReadableStream({
        start: stream => stream.enqueue(Buffer.from('part')),
        cancel: () => cancel('cancelled'),
      });
      const init = { method: 'POST', body, duplex: 'half', signal: controller.signal };
      const call = caught(fetch(home, init as RequestInit));
      await requested;
      controller.abort('enough');
      return [await call, await cancelled];
    }, never);
    expect(program).toEqual([{ error: 'enough' }, 'cancelled']);
  });

  test('a call and a reader reject at once where the signal has aborted, as the standard says', async () => {
    const { program } = await parity.ours(async (fetch, { home, controller }) => {
      const signal = controller.signal;
      const responses = await Promise.all([1, 2, 3, 4, 5, 6].map(() => fetch(home, { signal })));
      const [one, two, three, four, five, six] = responses as [
        Response,
        Response,
        Response,
        Response,
        Response,
        Response,
      ];
      controller.abort();
      return Promise.all(
        [
          fetch(home, { signal }),
          one.text(),
          two.json(),
          three.bytes(),
          four.arrayBuffer(),
          five.blob(),
          six.formData(),
        ].map(order),
      );
    });
    expect(program).toEqual(Array.from({ length: 7 }, () => ['rejected', 'next']));
  });
});
