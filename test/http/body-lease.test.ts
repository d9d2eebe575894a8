import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BodyEnd, type BodyLease, leaseOf } from '../../src/http/body-lease.ts';
import { slowBody, stalledBody } from '../../src/testing/index.ts';
import { settled } from '../../src/testing/virtual-clock.ts';
import { collected } from '../support/garbage.ts';
import { microtasks } from '../support/settling.ts';
import { unhandledRejections } from '../support/unhandled.ts';

/** Where a body comes from, and what has become of it there. */
interface Source {
  readonly response: Response;
  readonly state: () => 'open' | 'closed' | 'errored' | 'cancelled';
}

type Ending = 'close' | 'error' | 'stall';

function sourceOf(chunks: readonly string[], ending: Ending): Source {
  let state: ReturnType<Source['state']> = 'open';
  const left = chunks.map(chunk => new TextEncoder().encode(chunk));
  const stream = new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk) return controller.enqueue(chunk);
      if (ending === 'stall') return new Promise(() => {});
      state = ending === 'close' ? 'closed' : 'errored';
      if (ending === 'close') controller.close();
      else controller.error(new RangeError('the connection broke'));
    },
    cancel() {
      state = 'cancelled';
    },
  });
  return { response: new Response(stream), state: () => state };
}

const readers = ['text', 'json', 'arrayBuffer', 'bytes', 'blob'] as const;

/** One thing that a program may do. Which response, stream, reader or iterator it is done to comes as a number. */
type Step = { readonly to: number } & (
  | { readonly act: 'read whole'; readonly by: (typeof readers)[number] }
  | { readonly act: 'pipe'; readonly sink: 'good' | 'bad'; readonly preventCancel: boolean }
  | { readonly act: 'iterate'; readonly preventCancel: boolean }
  | {
      readonly act:
        | 'clone'
        | 'body'
        | 'get reader'
        | 'read'
        | 'release'
        | 'cancel reader'
        | 'cancel'
        | 'tee'
        | 'transform'
        | 'next'
        | 'return'
        | 'settle'
        | 'tick';
    }
);

/** Runs a program on a response and writes down everything that it could see. Not compared is which of two
 * promises settles a turn of the microtask queue earlier. */
class Program {
  /** What could be seen without asking, in order. */
  readonly log: string[] = [];
  /** What each step came to. */
  readonly results = new Map<string, string>();
  /** Whether somebody has been told that the body is at its end, or broken. */
  sawEnd = false;
  readonly #responses: Response[];
  readonly #streams: ReadableStream<Uint8Array>[] = [];
  readonly #readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  readonly #iterators: AsyncIterator<Uint8Array>[] = [];

  constructor(response: Response) {
    this.#responses = [response];
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const [index, step] of steps.entries()) {
      if (step.act === 'settle') await settled();
      else if (step.act === 'tick') await null;
      else this.#do(step, `${index} ${step.act}`);
      this.#look(index);
    }
    await settled();
    this.#look(steps.length);
  }

  #do(step: Step, name: string): void {
    try {
      const result = this.#act(step, name);
      if (result instanceof Promise) this.#watch(result, name);
    } catch (error) {
      this.results.set(name, `threw ${error}`);
    }
  }

  #act(step: Step, name: string): unknown {
    const response = at(this.#responses, step.to);
    const stream = at(this.#streams, step.to);
    const reader = at(this.#readers, step.to);
    const iterator = at(this.#iterators, step.to);
    switch (step.act) {
      case 'read whole':
        return response?.[step.by]().then(this.#end);
      case 'clone':
        return response && this.#responses.push(response.clone());
      case 'body':
        return response?.body && this.#streams.push(response.body);
      case 'get reader':
        return stream && this.#readers.push(stream.getReader());
      case 'read':
        return reader?.read().then(({ done, value }) => (done ? this.#end('done') : value));
      case 'release':
        return reader?.releaseLock();
      case 'cancel reader':
        return reader?.cancel('enough');
      case 'cancel':
        return stream?.cancel('enough');
      case 'tee':
        return stream && this.#streams.push(...stream.tee());
      case 'transform':
        return stream && this.#streams.push(stream.pipeThrough(new TransformStream()));
      case 'pipe':
        return stream?.pipeTo(sink(step.sink, name, this.log), { preventCancel: step.preventCancel });
      case 'iterate':
        return stream && this.#iterators.push(stream.values({ preventCancel: step.preventCancel }));
      case 'next':
        return iterator?.next().then(({ done, value }) => (done ? 'done' : value));
      case 'return':
        return iterator?.return?.('enough');
      default:
        return undefined;
    }
  }

  readonly #end = <Value>(value: Value): Value => {
    this.sawEnd = true;
    return value;
  };

  #watch(result: Promise<unknown>, name: string): void {
    result.then(
      async value => this.results.set(name, await show(value)),
      error => this.results.set(name, `rejected with ${error}`),
    );
  }

  /** What can be seen without doing anything. */
  #look(index: number): void {
    const responses = this.#responses.map(({ bodyUsed }) => bodyUsed);
    const streams = this.#streams.map(({ locked }) => locked);
    this.log.push(`${index} used ${responses} locked ${streams}`);
  }
}

const at = <Item>(items: readonly Item[], index: number): Item | undefined => items[index % items.length];

function sink(kind: 'good' | 'bad', name: string, log: string[]): WritableStream<Uint8Array> {
  return new WritableStream({
    async write(chunk) {
      if (kind === 'bad') throw new Error('disk full');
      log.push(`${name} wrote ${await show(chunk)}`);
    },
    close: () => void log.push(`${name} closed`),
    abort: reason => void log.push(`${name} aborted with ${reason}`),
  });
}

async function show(value: unknown): Promise<string> {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof ArrayBuffer) return new TextDecoder().decode(value);
  if (value instanceof Blob) return value.text();
  return JSON.stringify(value) ?? 'undefined';
}

const to = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('read whole' as const), by: fc.constantFrom(...readers), to }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('pipe' as const),
      sink: fc.constantFrom('good' as const, 'bad' as const),
      preventCancel: fc.boolean(),
      to,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('iterate' as const), preventCancel: fc.boolean(), to }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      act: fc.constantFrom(
        'clone',
        'body',
        'body',
        'get reader',
        'get reader',
        'read',
        'read',
        'read',
        'release',
        'cancel reader',
        'cancel',
        'tee',
        'transform',
        'next',
        'next',
        'return',
        'settle',
        'tick',
      ),
      to,
    }),
  },
) as fc.Arbitrary<Step>;

/** After which a reader is told of an end that is only its own. */
const givesUp = ({ act }: Step) => ['cancel', 'cancel reader', 'return', 'pipe'].includes(act);

const program = fc.array(step, { minLength: 1, maxLength: 14 });
const chunks = fc.array(fc.constantFrom('{"a":', '1}', 'text'), { maxLength: 3 });
const ending = fc.constantFrom<Ending>('close', 'error', 'stall');

describe('whatever a program does with a response,', () => {
  test('it sees the same as without a lease', async () => {
    await fc.assert(
      fc.asyncProperty(chunks, ending, program, async (content, end, steps) => {
        const plain = new Program(sourceOf(content, end).response);
        await plain.run(steps);
        const { response } = sourceOf(content, end);
        leaseOf(response);
        const leased = new Program(response);
        await leased.run(steps);
        expect(leased.log).toEqual(plain.log);
        expect(leased.results).toEqual(plain.results);
      }),
      { numRuns: 1_500 },
    );
  });

  test('the lease ends once at most, never before the body itself, and always when somebody has seen its end', async () => {
    await fc.assert(
      fc.asyncProperty(chunks, ending, program, async (content, end, steps) => {
        const source = sourceOf(content, end);
        const ends: BodyEnd['kind'][] = [];
        let stateAtEnd: string | undefined;
        leaseOf(source.response).onBodyEnd(({ kind }) => {
          ends.push(kind);
          stateAtEnd ??= source.state();
        });
        const leased = new Program(source.response);
        await leased.run(steps);
        expect(ends.length).toBeLessThanOrEqual(1);
        if (source.state() === 'cancelled') expect(ends).toHaveLength(1);
        if (leased.sawEnd && !steps.some(givesUp)) expect(ends).toHaveLength(1);
        if (ends[0] === 'complete') expect(stateAtEnd).not.toBe('open');
        if (ends[0] === 'failed') expect(stateAtEnd).toBe('errored');
        if (ends[0] === 'cancelled') expect(source.state()).not.toBe('open');
      }),
      { numRuns: 1_500 },
    );
  });
});

describe('a leased response', () => {
  const leased = (response = new Response('whole')) => {
    leaseOf(response);
    return response;
  };

  test('is still a Response, with every member in its place', () => {
    const response = leased();
    const plain = new Response('whole');
    expect(response).toBeInstanceOf(Response);
    expect(response.constructor).toBe(Response);
    expect(Object.prototype.toString.call(response)).toBe('[object Response]');
    expect(Object.keys(response)).toEqual(Object.keys(plain));
    for (const name of [...readersOfAll, 'clone'] as const) {
      expect(response[name].name).toBe(plain[name].name);
      expect(response[name].length).toBe(plain[name].length);
    }
  });

  test('gives the same stream each time', () => {
    const response = leased();
    expect(response.body).toBe(response.body);
    expect(response.body).toBeInstanceOf(ReadableStream);
  });

  test('has one lease, however often it is asked for', () => {
    const response = leased();
    expect(leaseOf(response)).toBe(leaseOf(response));
    expect(leaseOf(response.clone())).toBe(leaseOf(response));
  });

  test('can be a frozen one, whose lease has ended', () => {
    expect(leaseOf(Object.freeze(new Response('x'))).isOver).toBe(true);
  });

  test('can be of a subclass, whose own readers are called', async () => {
    class Shouting extends Response {
      override async text(): Promise<string> {
        return (await super.text()).toUpperCase();
      }
    }
    const response = leased(new Shouting('whole'));
    expect(await response.text()).toBe('WHOLE');
    expect(leaseOf(response).isOver).toBe(true);
  });

  test('refuses bad arguments of pipeThrough() as the original does, by throwing', () => {
    const plain = new Response('whole').body!;
    const stream = leased().body!;
    const transforms = [
      undefined,
      {},
      { readable: stream, writable: {} },
      { writable: new WritableStream() },
    ];
    for (const transform of transforms) {
      const call = (target: ReadableStream) => () =>
        target.pipeThrough(transform as unknown as TransformStream);
      expect(call(stream)).toThrow(errorOf(call(plain)));
    }
    const options = { signal: 'none' as unknown as AbortSignal };
    const piped = (target: ReadableStream) => () => target.pipeThrough(new TransformStream(), options);
    expect(piped(stream)).toThrow(errorOf(piped(plain)));
  });

  describe('whose pipe fails for reasons of its own is no body that has failed:', () => {
    /** How the lease ends, if it does, when a body of `whole` is piped to a sink that fails so. */
    async function endOfPipe(error: unknown, options: StreamPipeOptions = {}): Promise<string[]> {
      const response = leased(new Response(stalledBody('whole')));
      const ends: string[] = [];
      leaseOf(response).onBodyEnd(({ kind }) => ends.push(kind));
      const write = () => Promise.reject(error);
      await response.body!.pipeTo(new WritableStream({ write }), options).catch(() => {});
      await microtasks();
      return ends;
    }

    test.each([
      ['a full disk', Object.assign(new Error('write'), { code: 'ENOSPC' })],
      ['a client that has gone', Object.assign(new Error('write'), { code: 'EPIPE' })],
      ['a client that has reset', Object.assign(new Error('read'), { code: 'ECONNRESET' })],
      ['a mistake in the sink', new TypeError('chunk is not a string')],
      ['text', 'enough'],
    ])('%s', async (_, error) => {
      expect(await endOfPipe(error)).toEqual(['cancelled']);
      expect(await endOfPipe(error, { preventCancel: true })).toEqual([]);
    });

    test.each([
      ['a stream that is locked', (stream: ReadableStream) => void stream.getReader()],
      ['a sink that is locked', (_: ReadableStream, sink: WritableStream) => void sink.getWriter()],
    ])('%s, which refuses the pipe', async (_, lock) => {
      const response = leased(new Response(stalledBody('whole')));
      const stream = response.body!;
      const ends: string[] = [];
      leaseOf(response).onBodyEnd(({ kind }) => ends.push(kind));
      const good = new WritableStream();
      lock(stream, good);
      await stream.pipeTo(good).catch(() => {});
      await microtasks();
      expect(ends).toEqual([]);
    });
  });

  test('that fails at the same moment as the sink of its pipe has failed', async () => {
    const body = slowBody();
    const response = leased(new Response(body.stream));
    const ends: string[] = [];
    leaseOf(response).onBodyEnd(({ kind }) => ends.push(kind));
    const { readable, writable } = new TransformStream();
    const piped = response.body!.pipeTo(writable);
    body.fail(new RangeError('the connection broke'));
    await readable.cancel('enough');
    await piped.catch(() => {});
    await microtasks();
    expect(ends).toEqual(['failed']);
  });

  test('whose iterator is left while its next chunk stalls is covered until the iterator has let go', async () => {
    const body = slowBody();
    const response = leased(new Response(body.stream));
    const ends: string[] = [];
    leaseOf(response).onBodyEnd(({ kind }) => ends.push(kind));
    const iterator = response.body!.values();
    void iterator.next();
    const left = iterator.return?.();
    await settled();
    expect({ ends, state: body.state }).toEqual({ ends: [], state: 'open' });
    body.send('at last');
    await left;
    expect({ ends, state: body.state }).toEqual({ ends: ['cancelled'], state: 'cancelled' });
  });

  test('whose iterator is left while it waits for nothing has been given up at once', async () => {
    const response = leased(new Response(stalledBody('whole')));
    const ends: string[] = [];
    leaseOf(response).onBodyEnd(({ kind }) => ends.push(kind));
    const stream = response.body!;
    void stream.values().return?.();
    stream.tee();
    await microtasks();
    expect(ends).toEqual(['cancelled']);
  });

  describe('with a clone says nothing more of the body once it has been given up, when it is', () => {
    test.each<[string, (stream: ReadableStream) => Promise<unknown>]>([
      ['piped', stream => stream.pipeTo(new WritableStream())],
      ['piped through', stream => new Response(stream.pipeThrough(new TransformStream())).text()],
      ['iterated', stream => stream.values().next()],
      ['read', stream => stream.getReader().read()],
      ['tee’d', stream => Promise.all(stream.tee().map(branch => new Response(branch).text()))],
      ['cancelled', stream => Promise.resolve(void stream.cancel())],
    ])('%s', async (_, use) => {
      const response = leased(new Response(stalledBody('whole')));
      const ends: string[] = [];
      leaseOf(response).onBodyEnd(({ kind }) => ends.push(kind));
      const clone = response.clone();
      const stream = response.body!;
      // Resolves only when the clone has been given up as well.
      void stream.cancel();
      await use(stream);
      await microtasks();
      expect(ends).toEqual([]);
      void clone.body!.cancel();
      expect(ends).toEqual(['cancelled']);
    });
  });

  test('leaves the rejection of a read that nobody handles unhandled, as without a lease', async () => {
    const reads: ((response: Response) => unknown)[] = [
      response => response.json(),
      response =>
        response.body?.pipeTo(new WritableStream({ start: controller => controller.error('full') })),
    ];
    for (const read of reads) {
      expect(await unhandledRejections(() => void read(new Response('no JSON')))).toHaveLength(1);
      expect(await unhandledRejections(() => void read(leased(new Response('no JSON'))))).toHaveLength(1);
    }
  });

  test('whose JSON is wrong has come in whole, also if its SyntaxError is of another realm', async () => {
    const foreign = runInNewContext("new SyntaxError('of another realm')") as Error;
    class Foreign extends Response {
      override json(): Promise<never> {
        return Promise.reject(foreign);
      }
    }
    const response = leased(new Foreign('no JSON'));
    const ends: string[] = [];
    leaseOf(response).onBodyEnd(({ kind }) => ends.push(kind));
    await response.json().catch(() => {});
    await microtasks();
    expect(ends).toEqual(['complete']);
  });

  test('whose form is wrong has come in whole', async () => {
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x' };
    const response = leased(new Response('no form', { headers }));
    const ends: string[] = [];
    leaseOf(response).onBodyEnd(({ kind }) => ends.push(kind));
    await response.formData().catch(() => {});
    await microtasks();
    expect(ends).toEqual(['complete']);
  });
});

describe('the lease', () => {
  test('expires only while nobody has begun to read', () => {
    const heard: string[] = [];
    const lease = leaseOf(new Response(stalledBody()));
    lease.onLeaseEnd(({ kind }) => heard.push(`lease ${kind}`));
    lease.onBodyEnd(({ kind }) => heard.push(`body ${kind}`));
    lease.expireUnread();
    lease.expireUnread();
    expect(heard).toEqual(['lease expired']);
    lease.onLeaseEnd(({ kind }) => heard.push(`late ${kind}`));
    lease.end({ kind: 'aborted' });
    expect(heard).toEqual(['lease expired', 'late expired', 'body aborted']);
    lease.onBodyEnd(({ kind }) => heard.push(`late body ${kind}`));
    expect(heard.at(-1)).toBe('late body aborted');
  });

  test('does not expire once a read has begun', async () => {
    const response = new Response(stalledBody());
    const lease = leaseOf(response);
    void response.text();
    lease.expireUnread();
    const heard: string[] = [];
    lease.onLeaseEnd(({ kind }) => heard.push(kind));
    expect(heard).toEqual([]);
  });
});

describe('a response that is dropped', () => {
  function watched(response: Response): BodyLease {
    const lease = leaseOf(response);
    lease.endWhenCollected(response);
    return lease;
  }

  test('ends its lease when it is collected', async () => {
    const ends: string[] = [];
    (() => watched(new Response('unread')).onBodyEnd(({ kind }) => ends.push(kind)))();
    await collected(() => ends.length > 0);
    expect(ends).toEqual(['collected']);
  });

  test('is not taken for dropped while its stream, its reader or its iterator is held', async () => {
    const ends: string[] = [];
    const hold = (use: (body: ReadableStream) => unknown) => {
      const response = new Response(stalledBody());
      watched(response).onBodyEnd(({ kind }) => ends.push(kind));
      return use(response.body!);
    };
    const held = [
      hold(body => body),
      hold(body => body.getReader()),
      hold(body => body.values()),
      hold(body => body.tee()[0]),
      hold(body => body.pipeThrough(new TransformStream())),
    ];
    await collected(() => false);
    expect(ends).toEqual([]);
    expect(held).toHaveLength(5);
  });

  test('is not taken for dropped while it is read', async () => {
    const ends: string[] = [];
    const body = slowBody();
    const text = (() => {
      const response = new Response(body.stream);
      watched(response).onBodyEnd(({ kind }) => ends.push(kind));
      return response.text();
    })();
    await collected(() => false);
    expect(ends).toEqual([]);
    body.end();
    await text;
    expect(ends).toEqual(['complete']);
  });

  test('counts once: a clone that is cancelled and then collected leaves the original covered', async () => {
    const ends: string[] = [];
    const response = new Response(stalledBody());
    watched(response).onBodyEnd(({ kind }) => ends.push(kind));
    (() => void response.clone().body!.cancel())();
    await collected(() => ends.length > 0);
    expect(ends).toEqual([]);
    await response.body!.cancel();
    expect(ends).toEqual(['cancelled']);
  });
});

const readersOfAll = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;

function errorOf(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  return expect.unreachable('nothing was thrown');
}
