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

test.each(['oneOf', 'anyOf', 'discriminated'])('a tree of %s takes no longer with each level', async kind => {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const leaf = { type: 'object', required: ['leaf'], properties: { kind: { const: 'leaf' }, leaf: {} } };
  const twig = {
    type: 'object',
    required: ['left', 'kind'],
    properties: { kind: { const: 'twig' }, left: ref('Tree'), right: ref('Tree') },
  };
  const inline = kind === 'oneOf' ? twig : ref('Twig');
  const Tree = {
    description: 'A tree.',
    type: 'object',
    [kind === 'anyOf' ? 'anyOf' : 'oneOf']: [kind === 'oneOf' ? leaf : ref('Leaf'), inline],
    ...(kind === 'discriminated' && {
      discriminator: { propertyName: 'kind', mapping: { leaf: ref('Leaf').$ref, twig: ref('Twig').$ref } },
    }),
  };
  const text = JSON.stringify({
    openapi: '3.1.0',
    components: { schemas: { Tree, Leaf: { ...leaf, required: ['leaf', 'kind'] }, Twig: twig } },
  });
  const { code } = await printedText(text, ['Tree']);
  const { Tree: schema } = await loaded(code);
  let tree: object = { kind: 'leaf', leaf: 1 };
  for (let level = 0; level < 60; level++) tree = { kind: 'twig', left: tree };
  expect(schema?.parse(tree)).toEqual(tree);
  expect(schema?.safeParse({ kind: 'twig', left: { leaf: 1, left: tree, kind: 'other' } }).success).toBe(
    false,
  );
});
