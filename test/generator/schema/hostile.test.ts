import { expect, test } from 'vitest';
import { loaded, printedText } from './support.ts';

test.each([
  ['objects', '{"type":"object","properties":{"a":', '}}'],
  ['lists', '{"type":"array","items":', '}'],
  ['parts', '{"allOf":[', ']}'],
  ['contraries', '{"not":', '}'],
])('%s nested ten thousand deep are cut, and told of', async (_, open, close) => {
  const schema = `${open.repeat(10_000)}{"type":"string"}${close.repeat(10_000)}`;
  const text = `{"openapi":"3.1.0","components":{"schemas":{"A":${schema}}}}`;
  const { code, problems } = await printedText(text, ['A']);
  expect(problems.all.map(({ message }) => message)).toContain('Schemas are nested too deep here.');
  expect(Object.keys(await loaded(code))).toContain('A');
});
