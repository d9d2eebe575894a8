/** @anthropic-ai/sdk: its own retries off, ours on. */
import Anthropic from '@anthropic-ai/sdk';
import { createFetch, type FetchOptions } from 'holdfast';
import { json, startService, unavailable } from './service.ts';

export function anthropicClient(baseURL: string, options: FetchOptions = {}): Anthropic {
  const fetch = createFetch({
    attemptTimeoutMs: 120_000,
    totalTimeoutMs: 600_000,
    retry: { idempotent: true },
    ...options,
  });
  return new Anthropic({ apiKey: 'key', baseURL, fetch, maxRetries: 0 });
}

export const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [{ type: 'text', text: 'kelp' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
};

if (import.meta.main) {
  await using service = await startService(unavailable, json(message));
  const anthropic = anthropicClient(service.url);
  const answer = await anthropic.messages.create({
    model: 'm',
    max_tokens: 10,
    messages: [{ role: 'user', content: 'What holds fast?' }],
  });
  const [block] = answer.content;
  if (block?.type === 'text') console.log(block.text, 'after', service.requests.length, 'requests');
}
