import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { identifiersOf, usedIn } from '../../src/generator/print/identifiers.ts';
import {
  group,
  indent,
  join,
  type Layout,
  line,
  list,
  print,
  softLine,
} from '../../src/generator/print/layout.ts';
import {
  comment,
  jsonLiteral,
  keyLiteral,
  numberLiteral,
  patternLiteral,
  textLiteral,
} from '../../src/generator/print/literal.ts';
import { formatted } from './schema/formatter.ts';

// biome-ignore lint/security/noGlobalEval: what is printed is to be the value, to the engine itself.
const evaluated = (code: string): unknown => globalThis.eval(`(${code})`);

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '\u2028',
    '\u2029',
    '\ud800',
    "'",
    '"',
    '`$' + '{1}`',
    '*/',
    '\\',
    '\0',
    '\u202e',
  ),
);

describe('a literal is the value', () => {
  test.prop([fc.jsonValue()])('of any JSON', value => {
    // JSON knows no negative zero.
    expect(evaluated(print(jsonLiteral(value)))).toEqual(JSON.parse(JSON.stringify(value)));
  });

  test.prop([texts])('of any text, and of one line', text => {
    const code = textLiteral(text);
    expect(evaluated(code)).toBe(text);
    expect(code).not.toMatch(/[\n\r\u2028\u2029]/);
  });

  test.prop([texts])('of any name of a member', name => {
    const object = evaluated(print(jsonLiteral(JSON.parse(`{${JSON.stringify(name)}:1}`)))) as object;
    expect(Object.keys(object)).toEqual([name]);
    if (name !== '__proto__')
      expect(Object.keys(evaluated(`{ ${keyLiteral(name)}: 1 }`) as object)).toEqual([name]);
  });

  test.prop([fc.double({ noDefaultInfinity: true, noNaN: true })])('of any number', value => {
    // JSON knows no negative zero.
    expect(evaluated(numberLiteral(value))).toBe(value === 0 ? 0 : value);
  });

  test.each([
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '1',
    { valueOf: () => 1 },
  ])('but of %s there is none', value => {
    expect(() => numberLiteral(value as number)).toThrow(TypeError);
  });

  test.prop([
    fc.constantFrom('a', '/', '[/]', '\\/', '\n', '\u2028', 'ä', '(?:)', '\\-'),
    fc.constantFrom('', 'u'),
  ])('of a pattern', (source, flags) => {
    const isValid = !(source === '\\-' && flags === 'u');
    if (!isValid) return;
    const pattern = new RegExp(source, flags);
    const again = evaluated(patternLiteral(pattern)) as RegExp;
    expect(again.flags).toBe(pattern.flags);
    for (const text of ['a', '/', '\n', '\u2028', 'ä', '-', ''])
      expect(again.test(text)).toBe(pattern.test(text));
  });

  test.prop([fc.array(texts)])('of a comment nothing gets out', lines => {
    const code = join('\n', comment(lines)) as Layout;
    expect(evaluated(`${print(code)}\n1`)).toBe(1);
  });
});

describe('a layout', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 30 });

  test.prop([words])('stays on a line that has room, and has none that is longer', parts => {
    const code = print(['const value = ', list('[', parts.map(textLiteral), ']'), ';']);
    const flat = `const value = [${parts.map(part => `'${part}'`).join(', ')}];`;
    expect(code.includes('\n')).toBe(flat.length > 110);
    expect(Math.max(...code.split('\n').map(each => each.length))).toBeLessThanOrEqual(110);
  });

  test.each([109, 110, 111])('of %i characters is broken as the width of the formatter asks', width => {
    const code = print([
      'f',
      group('(', indent(softLine, 'a'.repeat(width - 8), ',', line, 'bc'), softLine, ')'),
      ';',
    ]);
    expect(code.includes('\n')).toBe(width > 110);
  });

  const json = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.stringMatching(/^[a-z ]{0,40}$/),
      fc.boolean(),
      fc.constant(null),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,12}$/), tie('value'), { maxKeys: 5 }),
    ),
  })).value;

  test.prop([fc.array(json, { minLength: 20, maxLength: 20 })], { numRuns: 5 })(
    'is what the formatter prints',
    values => {
      const code = values.map((value, index) => [`export const value${index} = `, jsonLiteral(value), ';\n']);
      const printed = print(code);
      expect(formatted(printed)).toBe(printed);
    },
  );
});

describe('the names that code uses', () => {
  test('are neither members, nor words in texts, comments and patterns', () => {
    const code = `
      /** text */
      export const Form: z.ZodType<Form> = schema(() => z.object({ text: a ? b : c, binary, form?: json }));
      const other = ['stream', "text", \`endpoint\`, /multipart/u.test(value.jsonLines)]; // eventStream
    `;
    expect([...identifiersOf(code)].sort()).toEqual(
      ['Form', 'a', 'b', 'binary', 'c', 'const', 'export', 'json', 'other', 'schema', 'value', 'z'].sort(),
    );
  });

  test.prop([
    fc.array(fc.constantFrom('a', 'b', 'aa', 'f(a, z)', "'a'", '/* b */', 'c.b', 'a: 1', 'Ä', '$a'), {
      maxLength: 8,
    }),
    fc.uniqueArray(fc.constantFrom('a', 'b', 'aa', 'Ä', 'z')),
    fc.boolean(),
  ])('are the same, whether all are looked at or only those that matter', (statements, wanted, areMany) => {
    const all = statements.flatMap(statement => [...identifiersOf(statement)]);
    const names = areMany ? [...wanted, ...Array.from({ length: 50 }, (_, index) => `x${index}`)] : wanted;
    expect(usedIn(statements, names)).toEqual(new Set(names.filter(name => all.includes(name))));
  });
});
