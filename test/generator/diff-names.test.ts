/** Schemas that are called otherwise: nothing of a name is on the wire, but where it tells options apart. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { diff } from '../../src/generator/index.ts';
import { run } from './run-command.ts';
import { documentOf, workFolder } from './support.ts';

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await workFolder();
});

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });
const string = { type: 'string' };

/** A service that takes and gives a schema. */
function serviceOf(schema: object, schemas: object): object {
  const content = { 'application/json': { schema } };
  return documentOf(
    {
      '/things': {
        put: {
          operationId: 'put',
          requestBody: { content },
          responses: { 200: { description: '', content } },
        },
      },
    },
    { components: { schemas } },
  );
}

async function files(from: object, to: object): Promise<[from: string, to: string]> {
  count += 1;
  const [old, fresh] = [join(folder, `old-${count}.json`), join(folder, `new-${count}.json`)];
  await writeFile(old, JSON.stringify(from));
  await writeFile(fresh, JSON.stringify(to));
  return [old, fresh];
}

async function told(from: object, to: object): Promise<string[]> {
  const [old, fresh] = await files(from, to);
  const { changes } = await diff({ from: old, to: fresh });
  return changes.map(({ level, code, message }) => `${level} ${code}: ${message}`);
}

const Ticket = object({ id: string, parent: ref('Ticket'), state: ref('State') });
const Case = object({ id: string, parent: ref('Case'), state: ref('State') });
const State = { enum: ['open', 'closed'] };

describe('a schema that is called otherwise', () => {
  test('breaks nothing, and is noted once', async () => {
    const [from, to] = await files(
      serviceOf(ref('Ticket'), { Ticket, State }),
      serviceOf(ref('Case'), { Case, State }),
    );
    const { changes, isBreaking } = await diff({ from, to });
    expect(isBreaking).toBe(false);
    expect(changes).toMatchObject([
      {
        level: 'note',
        code: 'schema-renamed',
        message: 'The schema `Ticket` is called `Case` now.',
        side: undefined,
        operations: ['PUT /things'],
        from: { pointer: '/components/schemas/Ticket' },
        to: { pointer: '/components/schemas/Case' },
      },
    ]);
    const { code, out } = await run('diff', from, to);
    expect(code).toBe(0);
    expect(out).toMatch(/^PUT \/things\n {2}note {8}The schema `Ticket` is called `Case` now\.\n/);
    expect(out).toMatch(/: 0 breaking, 0 compatible, 1 note\.\n$/);
  });

  test('is noted beside what else has changed', async () => {
    expect(
      await told(
        serviceOf(object({ ticket: ref('Ticket') }), { Ticket, State }),
        serviceOf(object({ ticket: ref('Case') }), { Case, State: { enum: ['open'] } }),
      ),
    ).toEqual([
      'note schema-renamed: The schema `Ticket` is called `Case` now.',
      'breaking values-removed: `State` is no longer "closed".',
      'compatible values-removed: `State` is no longer "closed".',
    ]);
  });

  test('is noted where another takes its place', async () => {
    expect(
      await told(
        serviceOf(object({ a: ref('Ticket'), b: ref('Case') }), { Ticket, Case, State }),
        serviceOf(object({ a: ref('Case'), b: ref('Case') }), { Case, State }),
      ),
    ).toEqual(['note schema-renamed: The schema `Ticket` is gone: `Case` is in its place.']);
  });

  test.each<[what: string, from: object, to: object]>([
    [
      'is still there for who imports it',
      serviceOf(ref('Ticket'), { Ticket, State }),
      serviceOf(ref('Case'), { Ticket, Case, State }),
    ],
    [
      'has the same name in the program',
      serviceOf(ref('state_of_ticket'), { state_of_ticket: State }),
      serviceOf(ref('StateOfTicket'), { StateOfTicket: State }),
    ],
    ['has got a name', serviceOf(State, {}), serviceOf(ref('State'), { State })],
  ])('is nothing to anybody where it %s', async (_, from, to) => {
    expect(await told(from, to)).toEqual([]);
  });
});

describe('options that are called otherwise', () => {
  const Cat = object({ kind: string, lives: { type: 'integer' } });
  const Dog = object({ kind: string, bark: string });
  const choice = (names: string[], more: object = {}) => ({ oneOf: names.map(ref), ...more });

  test('are known by what they say, in whatever order they are', async () => {
    expect(
      await told(
        serviceOf(choice(['Cat', 'Dog']), { Cat, Dog }),
        serviceOf(choice(['Hound', 'Puss']), { Hound: Dog, Puss: Cat }),
      ),
    ).toEqual([
      'note schema-renamed: The schema `Cat` is called `Puss` now.',
      'note schema-renamed: The schema `Dog` is called `Hound` now.',
    ]);
  });

  const discriminator = { propertyName: 'kind' };

  test('break who tells them apart by their names', async () => {
    expect(
      await told(
        serviceOf(choice(['Cat', 'Dog'], { discriminator }), { Cat, Dog }),
        serviceOf(choice(['Cat', 'Hound'], { discriminator }), { Cat, Hound: Dog }),
      ),
    ).toEqual([
      // In the body and in the answer.
      'breaking discriminator-changed: `Hound` was told apart by "Dog", and is by "Hound".',
      'note schema-renamed: The schema `Dog` is called `Hound` now.',
      'breaking discriminator-changed: `Hound` was told apart by "Dog", and is by "Hound".',
    ]);
  });

  test.each<[what: string, Dog: object, more: object]>([
    ['a mapping', Dog, { mapping: { dog: 'Dog', cat: 'Cat' } }],
    ['their own values', object({ ...Dog.properties, kind: { const: 'dog' } }), {}],
  ])('break nothing where they are told apart by %s', async (_, dog, more) => {
    const document = (name: string) =>
      serviceOf(
        choice(['Cat', name], {
          discriminator: JSON.parse(
            JSON.stringify({ ...discriminator, ...more }).replace('"Dog"', `"${name}"`),
          ),
        }),
        { Cat, [name]: dog },
      );
    expect(await told(document('Dog'), document('Hound'))).toEqual([
      'note schema-renamed: The schema `Dog` is called `Hound` now.',
    ]);
  });
});
