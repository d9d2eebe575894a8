/** What can be done with a response is the same over undici as with one of the runtime's own `fetch`. */

import { Readable } from 'node:stream';
import { inspect, isDeepStrictEqual } from 'node:util';
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, ok, Parity, raw } from '../../support/parity.ts';

let parity: Parity;
beforeAll(async () => {
  parity = await Parity.start();
});
afterAll(() => parity[Symbol.asyncDispose]());

const date = 'Date: Sat, 01 Aug 2026 12:00:00 GMT';
const gzipped = zlib.gzipSync('{"is":"ok"}');

const answers: Record<string, Answer> = {
  whole: ok,
  'in parts': async (_, response) => {
    for (const part of ['{"is"', ':', '"ok"}']) {
      await new Promise<unknown>(resolve => response.write(part, resolve));
      await new Promise(resolve => setImmediate(resolve));
    }
    response.end();
  },
  coded: raw(
    `HTTP/1.1 200 OK\r\n${date}\r\nContent-Encoding: gzip\r\nContent-Length: ${gzipped.byteLength}\r\n\r\n`,
    gzipped,
  ),
  'without a body': raw(`HTTP/1.1 204 No Content\r\n${date}\r\n\r\n`),
  'of no bytes': raw(`HTTP/1.1 200 OK\r\n${date}\r\nContent-Length: 0\r\n\r\n`),
  'broken off': raw(`HTTP/1.1 200 OK\r\n${date}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"is"\r\n9\r\n:"`),
};

const attempt = async (act: () => unknown): Promise<unknown> => {
  try {
    return { value: await act() };
  } catch (error) {
    return { error };
  }
};

const all = async (stream: AsyncIterable<Uint8Array> | null): Promise<string> => {
  const parts: Uint8Array[] = [];
  for await (const part of stream ?? []) parts.push(part);
  return Buffer.concat(parts).toString();
};

const state = ({ bodyUsed, body }: Response) => ({ bodyUsed, locked: body?.locked, isNull: body === null });

const uses: Record<string, (response: Response) => unknown> = {
  'is a Response': response => [
    response instanceof Response,
    Object.prototype.toString.call(response),
    response.constructor === Response,
    response[Symbol.toStringTag as never],
    response.headers instanceof Headers,
    Object.prototype.toString.call(response.headers),
    response.headers.constructor === Headers,
    new Set([response.headers, response.headers]).size,
    new Set([response.body, response.body]).size,
  ],
  'has no members of its own that show': response => [Object.keys(response), JSON.stringify(response)],
  'has the members of a Response': response => {
    const names: string[] = [];
    for (const name in response) names.push(name);
    return names.sort();
  },
  'is shown': response => inspect(response),
  'is shown deep': response => inspect(response, { depth: 5 }),
  'is shown after reading': async response => {
    await attempt(() => response.text());
    return inspect(response);
  },
  'has headers that are shown': response => inspect(response.headers),
  'has headers that are shown by name': response => inspect({ headers: response.headers }, { depth: 0 }),
  'cannot be set': response => {
    const members = [
      'status',
      'ok',
      'body',
      'url',
      'headers',
      'bodyUsed',
      'type',
      'redirected',
      'statusText',
    ];
    return members.map(name => {
      try {
        (response as unknown as Record<string, unknown>)[name] = 1;
        return 'set';
      } catch (error) {
        return (error as Error).name;
      }
    });
  },
  'has headers that cannot be changed': response =>
    Promise.all([
      attempt(() => response.headers.set('a', 'b')),
      attempt(() => response.headers.append('a', 'b')),
      attempt(() => response.headers.delete('date')),
      attempt(() => response.headers.set('not a name', 'b')),
    ]),
  'has headers like others': ({ headers }) => [
    [...headers],
    [...headers.keys()],
    [...headers.values()],
    [...headers.entries()],
    headers.get('DATE'),
    headers.get('nothing'),
    headers.has('Date'),
    headers.has('nothing'),
    headers.getSetCookie(),
    Object.fromEntries(headers),
    [...new Headers(headers)],
    Object.prototype.toString.call(headers.entries()),
  ],
  'has headers that refuse what is no name': ({ headers }) =>
    Promise.all([
      attempt(() => headers.get('not a name')),
      attempt(() => headers.has('')),
      attempt(() => (headers.get as () => unknown)()),
      attempt(() => headers.get(null as unknown as string)),
      attempt(() => headers.forEach(null as never)),
    ]),
  'has headers for each': ({ headers }) => {
    const seen: unknown[] = [];
    headers.forEach(function (this: unknown, value, name, map) {
      seen.push([value, name, map === headers, this === seen]);
    }, seen);
    return seen;
  },
  'has headers that make another': response => [...new Response(null, { headers: response.headers }).headers],
  'can be the init of another': response => {
    const { status, statusText, headers } = new Response(null, response);
    return [status, statusText, [...headers]];
  },
  'can give its body to another': async response => {
    const { body } = response;
    const other = new Response(body, { status: 200 });
    const before = state(response);
    const text = await attempt(() => other.text());
    return [before, text, state(response)];
  },
  'can be made into a Request': async response => {
    const { body } = response;
    const init = { method: 'POST', body, duplex: 'half' };
    return attempt(() => new Request('http://home.test', init as RequestInit).text());
  },
  'is unused at first': response => [response.bodyUsed, state(response)],
  'is used when it is read': async response => {
    const reading = attempt(() => response.text());
    const during = state(response);
    return [during, await reading, state(response)];
  },
  'has a body after it was read': async response => {
    await attempt(() => response.text());
    const { body } = response;
    return [
      state(response),
      await attempt(() => body?.getReader()),
      await attempt(() => body?.cancel()),
      await attempt(() => body?.tee()),
    ];
  },
  'has the same body before and after it was read': async response => {
    const { body } = response;
    await attempt(() => response.text());
    return [response.body === body, state(response)];
  },
  'cannot be read twice': async response => [
    await attempt(() => response.text()),
    await attempt(() => response.text()),
    await attempt(() => response.json()),
    await attempt(() => response.bytes()),
    await attempt(() => response.arrayBuffer()),
    await attempt(() => response.blob()),
    await attempt(() => response.formData()),
    await attempt(() => response.clone()),
  ],
  'cannot be read twice at once': response =>
    Promise.all([attempt(() => response.text()), attempt(() => response.json())]),
  'cannot be read while it is locked': async response => {
    const reader = response.body?.getReader();
    const refused = [
      state(response),
      await attempt(() => response.text()),
      await attempt(() => response.clone()),
      await attempt(() => response.body?.cancel()),
    ];
    reader?.releaseLock();
    return [refused, state(response), await attempt(() => response.text())];
  },
  'is used when its stream has been read': async response => {
    const reader = response.body?.getReader();
    const step = await attempt(async () => (await reader?.read())?.done);
    const during = state(response);
    reader?.releaseLock();
    return [
      step,
      during,
      state(response),
      await attempt(() => response.text()),
      await attempt(() => response.clone()),
    ];
  },
  'can be cloned': async response => {
    const clone = response.clone();
    const same = ['status', 'statusText', 'url', 'type', 'redirected', 'ok', 'bodyUsed'] as const;
    return [
      clone === response,
      clone instanceof Response,
      same.map(name => clone[name]),
      isDeepStrictEqual([...clone.headers], [...response.headers]),
      clone.headers === response.headers,
      await Promise.all([attempt(() => response.text()), attempt(() => clone.text())]),
      state(response),
      state(clone),
    ];
  },
  'can be cloned and read in turn': async response => {
    const clone = response.clone();
    return [await attempt(() => clone.json()), state(response), await attempt(() => response.bytes())];
  },
  'can be cloned twice': async response => {
    const clones = [response.clone(), response.clone()];
    clones.push(clones[0]!.clone());
    return Promise.all([response, ...clones].map(each => attempt(() => each.text())));
  },
  'can be cloned, and one given up': async response => {
    const clone = response.clone();
    const cancelling = attempt(() => clone.body?.cancel());
    return [await attempt(() => response.text()), await cancelling, state(clone)];
  },
  'cannot be cloned while it is read': async response => {
    const reading = attempt(() => response.text());
    return [await attempt(() => response.clone()), await reading];
  },
  'can be split': async response => {
    const branches = response.body?.tee() ?? [];
    return [state(response), await Promise.all(branches.map(branch => attempt(() => all(branch))))];
  },
  'can be iterated': async response => [await attempt(() => all(response.body)), state(response)],
  'can be iterated and left': async response => {
    await attempt(async () => {
      for await (const _ of response.body ?? []) break;
    });
    return [state(response), await attempt(() => response.text())];
  },
  'can be iterated without being cancelled': async response => {
    const iterator = response.body?.values({ preventCancel: true });
    await attempt(async () => {
      await iterator?.next();
      await iterator?.return?.();
    });
    const rest = (await attempt(() => all(response.body))) as { error?: unknown };
    return [state(response), rest.error];
  },
  'gives arrays of their own': response =>
    attempt(async () => {
      const kinds: unknown[] = [];
      for await (const part of response.body ?? []) {
        kinds.push([part.constructor.name, part.byteOffset, part.buffer.byteLength === part.byteLength]);
      }
      return new Set(kinds.map(kind => JSON.stringify(kind))).size <= 1;
    }),
  'can be cancelled': async response => [
    await attempt(() => response.body?.cancel('enough')),
    state(response),
    await attempt(() => response.text()),
  ],
  'can be cancelled while it is read': async response => {
    const reader = response.body?.getReader();
    const first = attempt(async () => (await reader?.read())?.done);
    const cancelled = await attempt(() => reader?.cancel(new Error('enough')));
    return [(await first) !== undefined, cancelled, await attempt(() => reader?.read()), state(response)];
  },
  'tells when it is closed': async response => {
    const reader = response.body?.getReader();
    const closed = attempt(() => reader?.closed);
    for (;;) {
      const step = (await attempt(() => reader?.read())) as { value?: ReadableStreamReadResult<unknown> };
      if (!step.value || step.value.done) break;
    }
    return closed;
  },
  'can be piped': async response => {
    let text = '';
    const sink = new WritableStream<Uint8Array>({
      write(part) {
        text += Buffer.from(part).toString();
      },
    });
    return [
      await attempt(() => response.body?.pipeTo(sink)),
      response.ok && !text.includes('"ok"') ? '' : text,
    ];
  },
  'can be piped through': response =>
    attempt(async () => {
      let text = '';
      for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += part;
      return text;
    }),
  'can be made a stream of Node': response =>
    attempt(async () => (response.body ? all(Readable.fromWeb(response.body as never)) : null)),
  'can be read into arrays of one’s own': response =>
    attempt(async () => {
      const reader = response.body?.getReader({ mode: 'byob' });
      const read: number[] = [];
      for (;;) {
        const step = await reader?.read(new Uint8Array(3));
        if (!step || step.done) return [read, step?.value?.byteLength];
        read.push(...step.value);
      }
    }),
  'can be read into an array of one’s own, filled at least': response =>
    attempt(async () => {
      const reader = response.body?.getReader({ mode: 'byob' });
      const step = await reader?.read(new Uint8Array(8), { min: 4 });
      return step?.value && Buffer.from(step.value).toString().slice(0, 4);
    }),
  'can be sent to another thread': async response => {
    const { body } = response;
    if (!body) return null;
    const moved = await attempt(() => structuredClone(body, { transfer: [body as never] }));
    return Object.keys(moved as object);
  },
  'is typed by its blob': response =>
    attempt(async () => {
      const { type, size } = await response.blob();
      return [type, size];
    }),
  'has methods that look the same': response =>
    (['text', 'json', 'bytes', 'arrayBuffer', 'blob', 'formData', 'clone'] as const).map(name => [
      response[name].name,
      response[name].length,
    ]),
};

describe.each(Object.entries(answers))('a response %s', (_, answer) => {
  test.each(Object.entries(uses))('%s', (_name, use) =>
    parity.expectSame(async (fetch, { home }) => use(await fetch(home)), answer));
});

/** What a `Response` holds within, only its own members get at. */
describe('what differs:', () => {
  const both = async (use: (response: Response) => unknown) => {
    const theirs = await parity.theirs(async (fetch, { home }) => use(await fetch(home)));
    const ours = await parity.ours(async (fetch, { home }) => use(await fetch(home)));
    return [theirs.program, ours.program];
  };

  test('a member taken from `Response.prototype` does not know it', async () => {
    const [theirs, ours] = await both(response => [
      Reflect.get(Response.prototype, 'status', response),
      Reflect.get(Response.prototype, 'status', response.clone()),
    ]);
    expect(theirs).toEqual([200, 200]);
    expect(ours).toMatchObject({ thrown: { isTypeError: true } });
  });

  test('structuredClone makes an object without members of it, and does not refuse', async () => {
    const [theirs, ours] = await both(response => structuredClone(response));
    expect(theirs).toMatchObject({ thrown: { name: 'DataCloneError' } });
    expect(ours).toEqual({});
  });
});
