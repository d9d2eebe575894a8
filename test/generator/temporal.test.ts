/** `--dates Temporal`: as the compiler has it, and as an engine with Temporal runs it. */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';
import { verify } from '../../src/generator/index.ts';
import { formatted } from './schema/formatter.ts';
import { documentOf, generated, workFolder } from './support.ts';

const Event = {
  type: 'object',
  required: ['at', 'day'],
  properties: {
    at: { type: 'string', format: 'date-time' },
    day: { type: 'string', format: 'date' },
    later: { type: 'array', items: { type: 'string', format: 'date-time' } },
  },
};
const body = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Event' } } } };
const document = documentOf(
  { '/events': { put: { operationId: 'putEvent', requestBody: body, responses: { 200: body } } } },
  { components: { schemas: { Event } } },
);

const stripTypes = (code: string): string =>
  ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
  }).outputText;

/** Node has it by default from 26 on. */
const flags = 'Temporal' in globalThis ? [] : ['--harmony-temporal'];
const hasTemporal = spawnSync(process.execPath, [
  ...flags,
  '-e',
  "Temporal.Instant.from('2026-01-01T00:00Z')",
]);

let output: string;
let code: string;
beforeAll(async () => {
  ({ folder: output, text: code } = await generated(document, { dates: 'Temporal' }));
});

test('it is printed as the formatter has it', () => {
  expect(formatted(code)).toBe(code);
});

test('its types are those of `lib.esnext.temporal`, and those of the schemas', {
  timeout: 120_000,
}, async () => {
  expect(await verify(output)).toEqual({ schemas: 2, disagreements: [] });
});

describe.runIf(hasTemporal.status === 0)('in an engine with Temporal', () => {
  /** What a program prints that has the output, as JSON. */
  async function run(program: string): Promise<unknown> {
    const folder = await workFolder();
    const contract = fileURLToPath(new URL('../../src/contract/index.ts', import.meta.url));
    const text = await readFile(join(output, 'index.ts'), 'utf8');
    const write = (name: string, code: string) => writeFile(join(folder, name), stripTypes(code));
    await write('index.mjs', text.replace("'holdfast/contract'", JSON.stringify(contract)));
    const prelude = `
      import fc from 'fast-check';
      import { z } from 'zod';
      import { Event } from './index.mjs';
      const say = (value: unknown) => console.log(JSON.stringify(value));
      const at = '2026-01-02T03:04:05Z';
      const day = '2026-01-02';
    `;
    await write('main.mjs', prelude + program);
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, join(folder, 'main.mjs')], {
      encoding: 'utf8',
    });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  }

  test('instants and days go as they came, to the nanosecond', async () => {
    const failure = await run(`
      const two = (max: number) => fc.integer({ min: 0, max }).map(it => String(it).padStart(2, '0'));
      const days = fc
        .date({ min: new Date('0001-01-02'), max: new Date('9998-12-30'), noInvalidDate: true })
        .map(date => date.toISOString().slice(0, 10));
      const instants = fc
        .tuple(days, two(23), two(59), two(59), fc.stringMatching(/^(?:\\.[0-9]{1,9})?$/), fc.constantFrom('+', '-'), two(23), two(59), fc.boolean())
        .map(([date, h, m, s, part, sign, oh, om, isUtc]) => date + 'T' + h + ':' + m + ':' + s + part + (isUtc ? 'Z' : sign + oh + ':' + om));
      const nanoseconds = (text: string) => Temporal.Instant.from(text).epochNanoseconds;
      const result = fc.check(
        fc.property(instants, days, (at, day) => {
          const value = Event.parse({ at, day, later: [at] });
          const wire = z.encode(Event, value) as { at: string; day: string; later: string[] };
          const again = z.encode(Event, Event.parse(wire)) as typeof wire;
          return (
            value.at instanceof Temporal.Instant &&
            value.day instanceof Temporal.PlainDate &&
            nanoseconds(wire.at) === nanoseconds(at) &&
            wire.later[0] === wire.at &&
            wire.day === day &&
            JSON.stringify(again) === JSON.stringify(wire)
          );
        }),
        { numRuns: 500 },
      );
      say({ failed: result.failed, example: result.counterexample, error: String(result.errorInstance ?? '') });
    `);
    expect(failure).toEqual({ failed: false, example: null, error: '' });
  });

  test('what is no instant or day is refused, and throws nothing', async () => {
    const refused = await run(`
      const wrong = [
        { at: '2026-01-02T03:04:05', day },
        { at: '2026-01-02T23:59:60Z', day },
        { at: '2026-02-30T00:00:00Z', day },
        { at: '2026-01-02T03:04:05.0123456789Z', day },
        { at: '2026-01-02T03:04:05+24:00', day },
        { at: '2026-01-02', day },
        { at: 5, day },
        { at, day: '2026-02-30' },
        { at, day: '2026-01-02[u-ca=hebrew]' },
        { at, day: at },
      ];
      say(wrong.map(value => {
        const result = Event.safeParse(value);
        return result.success ? 'taken' : result.error.issues.map(({ path, message }) => path + ': ' + message).join();
      }));
    `);
    expect(refused).toEqual([
      'at: Invalid ISO datetime',
      'at: Invalid ISO datetime',
      'at: Invalid ISO datetime',
      'at: Invalid ISO datetime',
      'at: Invalid ISO datetime',
      'at: Invalid ISO datetime',
      'at: Invalid input: expected string, received number',
      'day: Invalid ISO date',
      'day: Invalid ISO date',
      'day: Invalid ISO date',
    ]);
  });

  test('what the wire has no spelling for is not sent, and a day of any calendar is a day', async () => {
    const sent = await run(`
      const one = { at: Temporal.Instant.from(at), day: Temporal.PlainDate.from(day) };
      const wire = (value: unknown) => {
        const result = z.safeEncode(Event, value as never);
        return result.success ? result.data : result.error.issues.map(({ path }) => path.join('.')).join();
      };
      say([
        wire({ ...one, day: one.day.withCalendar('hebrew') }),
        wire({ ...one, at: Temporal.Instant.from('+012026-01-02T03:04:05Z') }),
        wire({ ...one, day: Temporal.PlainDate.from('-002026-01-02') }),
        wire({ ...one, at: new Date(at) }),
        wire({ ...one, at }),
        wire({ ...one, day: Temporal.PlainDateTime.from(day) }),
      ]);
    `);
    expect(sent).toEqual([{ at: '2026-01-02T03:04:05Z', day: '2026-01-02' }, 'at', 'day', 'at', 'at', 'day']);
  });
});
