import Anthropic from '@anthropic-ai/sdk';
import {
  CircuitOpenError,
  createFetch,
  type FetchOptions,
  type HoldfastEvent,
  NetworkError,
  TimeoutError,
} from 'holdfast';
import { virtualClock } from 'holdfast/testing';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { anthropicClient, message } from '../anthropic.ts';
import { completion, openaiClient } from '../openai.ts';
import { type Answer, events, json, reset, silence, startService, tooMany, unavailable } from '../service.ts';
import { fragile, impatient, rejection, repeating, transports } from './support.ts';

const messages = [{ role: 'user' as const, content: 'What holds fast?' }];

interface Stream extends AsyncIterable<unknown> {
  readonly controller: AbortController;
}

interface Sdk {
  readonly name: string;
  /** A whole answer of the service. */
  readonly whole: unknown;
  /** Events, of which the client shows the user two. */
  readonly stream: readonly string[];
  readonly ends: readonly string[];
  readonly errors: {
    readonly connection: typeof OpenAI.APIConnectionError | typeof Anthropic.APIConnectionError;
    readonly timeout: typeof OpenAI.APIConnectionTimeoutError | typeof Anthropic.APIConnectionTimeoutError;
    readonly abort: typeof OpenAI.APIUserAbortError | typeof Anthropic.APIUserAbortError;
    readonly server: typeof OpenAI.InternalServerError | typeof Anthropic.InternalServerError;
  };
  /** With its own retries as they are unless somebody says otherwise. */
  ask(
    url: string,
    options: FetchOptions,
    extra?: { signal?: AbortSignal; timeout?: number },
  ): Promise<unknown>;
  askUnchanged(url: string, options: FetchOptions): Promise<unknown>;
  askStream(url: string, options: FetchOptions, signal?: AbortSignal): Promise<Stream>;
  upload(url: string, options: FetchOptions): Promise<unknown>;
  askWithKey(url: string, options: FetchOptions): Promise<unknown>;
}

const chunk = (content: string) =>
  `data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content } }] })}\n\n`;
const event = (data: { type: string; [key: string]: unknown }) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const file = () => new File(['kelp'], 'kelp.txt', { type: 'text/plain' });
const signalOf = (signal?: AbortSignal) => (signal ? { signal } : {});

const openai: Sdk = {
  name: 'openai',
  whole: completion,
  stream: [chunk('kelp'), chunk(' holds')],
  ends: ['data: [DONE]\n\n'],
  errors: {
    connection: OpenAI.APIConnectionError,
    timeout: OpenAI.APIConnectionTimeoutError,
    abort: OpenAI.APIUserAbortError,
    server: OpenAI.InternalServerError,
  },
  ask: (url, options, extra = {}) =>
    openaiClient(url, options).chat.completions.create({ model: 'm', messages }, extra),
  askUnchanged: (baseURL, options) =>
    new OpenAI({ apiKey: 'key', baseURL, fetch: createFetch(options) }).chat.completions.create({
      model: 'm',
      messages,
    }),
  askStream: (url, options, signal) =>
    openaiClient(url, options).chat.completions.create(
      { model: 'm', messages, stream: true },
      signalOf(signal),
    ),
  upload: (url, options) => openaiClient(url, options).files.create({ file: file(), purpose: 'assistants' }),
  askWithKey: (url, options) =>
    openaiClient(url, options).chat.completions.create({ model: 'm', messages }, { idempotencyKey: 'key-1' }),
};

const anthropic: Sdk = {
  name: '@anthropic-ai/sdk',
  whole: message,
  stream: [
    event({ type: 'message_start', message }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  ],
  ends: [event({ type: 'message_stop' })],
  errors: {
    connection: Anthropic.APIConnectionError,
    timeout: Anthropic.APIConnectionTimeoutError,
    abort: Anthropic.APIUserAbortError,
    server: Anthropic.InternalServerError,
  },
  ask: (url, options, extra = {}) =>
    anthropicClient(url, options).messages.create({ model: 'm', max_tokens: 9, messages }, extra),
  askUnchanged: (baseURL, options) =>
    new Anthropic({ apiKey: 'key', baseURL, fetch: createFetch(options) }).messages.create({
      model: 'm',
      max_tokens: 9,
      messages,
    }),
  askStream: (url, options, signal) =>
    anthropicClient(url, options).messages.create(
      { model: 'm', max_tokens: 9, messages, stream: true },
      signalOf(signal),
    ),
  upload: (url, options) => anthropicClient(url, options).beta.files.upload({ file: file() }),
  askWithKey: (url, options) =>
    anthropicClient(url, options).messages.create(
      { model: 'm', max_tokens: 9, messages },
      { idempotencyKey: 'key-1' },
    ),
};

describe.each([openai, anthropic])('$name', sdk => {
  describe.each(transports)('over %s', (_, transport) => {
    const declared = () => repeating(transport());

    test('a 503 and a reset connection are repeated', async () => {
      await using service = await startService(unavailable, reset, json(sdk.whole));
      expect(await sdk.ask(service.url, declared())).toMatchObject({ id: expect.any(String) });
      expect(service.requests).toHaveLength(3);
      expect(new Set(service.requests.map(({ body }) => body)).size).toBe(1);
    });

    test('a 429 is repeated no earlier than it says', async () => {
      await using service = await startService(tooMany(1), json(sdk.whole));
      const clock = virtualClock();
      const retry = Promise.withResolvers<void>();
      let attempts = 0;
      const observe = ({ type }: HoldfastEvent) => {
        if (type === 'attempt-start') attempts++;
        if (type === 'retry') retry.resolve();
      };
      const asked = sdk.ask(service.url, { ...declared(), clock, observe });
      await retry.promise;
      await clock.advance(999);
      expect(attempts).toBe(1);
      // Jitter may put it off.
      await clock.advance(1_000);
      await asked;
      expect(service.requests).toHaveLength(2);
    });

    test('it sends no key by itself, so unless declared idempotent a POST goes once', async () => {
      await using service = await startService(unavailable);
      const error = await rejection(sdk.ask(service.url, transport()));
      expect(error).toBeInstanceOf(sdk.errors.server);
      expect(error.status).toBe(503);
      expect(service.requests).toHaveLength(1);
      expect(service.requests[0]?.headers).not.toHaveProperty('idempotency-key');
    });

    test('a stream arrives as it comes', async () => {
      const read = Promise.withResolvers<void>();
      // The second event leaves only after the first was read.
      const next = () => read.promise;
      await using service = await startService(unavailable, events([...sdk.stream, ...sdk.ends], { next }));
      let count = 0;
      for await (const _ of await sdk.askStream(service.url, declared())) {
        count++;
        read.resolve();
      }
      expect(count).toBe(sdk.stream.length + (sdk === anthropic ? 1 : 0));
      expect(service.requests).toHaveLength(2);
    });

    test('the timer of an attempt does not cut a stream that is being read', async () => {
      const clock = virtualClock();
      const read = Promise.withResolvers<void>();
      const next = () => read.promise.then(() => clock.advance(1_300));
      await using service = await startService(events([...sdk.stream, ...sdk.ends], { next }));
      const options = { ...transport(), clock, attemptTimeoutMs: 1_000 };
      let count = 0;
      for await (const _ of await sdk.askStream(service.url, options)) {
        count++;
        read.resolve();
      }
      expect(count).toBeGreaterThan(1);
    });

    test('the total timeout does, and the error comes as it is', async () => {
      await using service = await startService(events(sdk.stream, { stalls: true }));
      const clock = virtualClock();
      const stream = await sdk.askStream(service.url, { ...transport(), clock, totalTimeoutMs: 1_000 });
      const reading = rejection(
        (async () => {
          for await (const _ of stream);
        })(),
      );
      await clock.advance(1_000);
      const error = await reading;
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.scope).toBe('total');
      await service.requests[0]?.lost;
      expect(service.requests).toHaveLength(1);
    });

    test('an abort amid the stream closes the connection', async () => {
      await using service = await startService(events(sdk.stream, { stalls: true }));
      const stream = await sdk.askStream(service.url, declared());
      let count = 0;
      for await (const _ of stream) if (++count === 2) stream.controller.abort();
      await service.requests[0]?.lost;
      expect(service.requests).toHaveLength(1);
    });

    test('leaving the loop closes the connection', async () => {
      await using service = await startService(events(sdk.stream, { stalls: true }));
      for await (const _ of await sdk.askStream(service.url, declared())) break;
      await service.requests[0]?.lost;
    });

    test('its signal aborts, with its own error, and nothing is repeated', async () => {
      await using service = await startService(silence);
      const abort = new AbortController();
      const asked = rejection(sdk.ask(service.url, declared(), { signal: abort.signal }));
      await service.request(1);
      abort.abort();
      expect(await asked).toBeInstanceOf(sdk.errors.abort);
      await service.requests[0]?.lost;
      expect(service.requests).toHaveLength(1);
    });

    test('its timeout bounds the whole call, retries included', async () => {
      await using service = await startService(unavailable, silence);
      const error = await rejection(sdk.ask(service.url, declared(), { timeout: 1_000 }));
      expect(error).toBeInstanceOf(sdk.errors.timeout);
      expect(service.requests).toHaveLength(2);
    });

    test('a file is uploaded again whole', async () => {
      await using service = await startService(reset, json({ id: 'file-1' }));
      await sdk.upload(service.url, declared());
      expect(service.requests.map(({ body }) => body.includes('\r\n\r\nkelp\r\n'))).toEqual([true, true]);
    });

    test('our errors are the cause of its own', async () => {
      await using service = await startService(reset);
      const options = { ...transport(), ...fragile };
      const client =
        sdk === openai ? openaiClient(service.url, options) : anthropicClient(service.url, options);
      const ask = () => client.get('/v1/models');
      const lost = await rejection(ask());
      expect(lost).toBeInstanceOf(sdk.errors.connection);
      expect(lost.cause).toBeInstanceOf(NetworkError);
      const refused = await rejection(ask());
      expect(refused).toBeInstanceOf(sdk.errors.connection);
      expect(refused.cause).toBeInstanceOf(CircuitOpenError);
      expect(service.requests).toHaveLength(1);
    });

    test('our timeout is one of its own', async () => {
      await using service = await startService(silence);
      const error = await rejection(sdk.ask(service.url, { ...transport(), ...impatient }));
      expect(error).toBeInstanceOf(sdk.errors.timeout);
      // anthropic drops the cause.
      if (sdk === openai) expect(error.cause).toBeInstanceOf(TimeoutError);
      else expect(error.cause).toBeUndefined();
    });
  });

  test('with both retrying, they multiply', async () => {
    const busy: Answer = json({ error: {} }, 503, { 'retry-after-ms': '1' });
    await using service = await startService(busy);
    await rejection(sdk.askUnchanged(service.url, { retry: { baseDelayMs: 0, idempotent: true } }));
    expect(service.requests).toHaveLength(9);
    await using other = await startService(busy);
    await rejection(sdk.ask(other.url, { retry: { baseDelayMs: 0, idempotent: true } }));
    expect(other.requests).toHaveLength(3);
  });

  test('its option for a key sends none', async () => {
    await using service = await startService(json(sdk.whole));
    await sdk.askWithKey(service.url, {});
    expect(service.requests[0]?.headers).not.toHaveProperty('idempotency-key');
  });

  test('a key of ours, made once for a call, lets it repeat', async () => {
    await using service = await startService(unavailable, json(sdk.whole));
    await sdk.ask(service.url, { idempotencyKey: 'auto', retry: { baseDelayMs: 0 } });
    const keys = service.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual([keys[0], keys[0]]);
    expect(keys[0]).toEqual(expect.any(String));
  });
});
