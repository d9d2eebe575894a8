/** openai: its own retries off, ours on. */
import { createFetch, type FetchOptions } from 'holdfast';
import OpenAI from 'openai';
import { json, startService, unavailable } from './service.ts';

export function openaiClient(baseURL: string, options: FetchOptions = {}): OpenAI {
  const fetch = createFetch({
    // A model may think for minutes before its first byte, and a stream is read within the total timeout.
    attemptTimeoutMs: 120_000,
    totalTimeoutMs: 600_000,
    // It sends no key, and asking again costs tokens and nothing else.
    retry: { idempotent: true },
    ...options,
  });
  return new OpenAI({ apiKey: 'key', baseURL, fetch, maxRetries: 0 });
}

export const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'kelp' } }],
};

if (import.meta.main) {
  await using service = await startService(unavailable, json(completion));
  const openai = openaiClient(service.url);
  const answer = await openai.chat.completions.create({
    model: 'm',
    messages: [{ role: 'user', content: 'What holds fast?' }],
  });
  console.log(answer.choices[0]?.message.content, 'after', service.requests.length, 'requests');
}
