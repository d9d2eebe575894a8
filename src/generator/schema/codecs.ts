/** Codecs that a module declares for all of its schemas. */
import { hardLine, indent, join, width } from '../print/layout.ts';
import { printStatement, type Statement } from '../print/statement.ts';
import type { Declaration, SchemaOptions } from '../schemas.ts';
import type { CodecName } from './zod.ts';

interface Codec {
  readonly says: string;
  readonly type: string;
  readonly wire: string;
  readonly program: string;
  readonly decode: string;
  readonly encode: string;
}

/** What `Temporal.Instant.from` takes, which throws on more. */
const instant = 'z.string().check(isoDateTime({ instant: true }))';
const localDateTime = 'z.string().check(isoDateTime())';
/** Beyond 2^53 the digits of a number are lost, those of a bigint are not. */
const wholeNumber = "z.union([z.int('is beyond 2^53: digits were lost'), z.bigint()])";
const exactly = 'Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value)';

function codecOf(name: CodecName, { dates, int64 }: SchemaOptions): Codec {
  const isTemporal = dates === 'Temporal';
  switch (name) {
    case 'dateTime':
      return {
        says: 'An instant; a text of ISO 8601 on the wire.',
        type: isTemporal ? 'Temporal.Instant' : 'Date',
        wire: isTemporal ? instant : localDateTime,
        program: isTemporal ? 'z.instanceof(Temporal.Instant)' : 'z.date()',
        decode: isTemporal ? 'value => Temporal.Instant.from(value)' : 'value => new Date(value)',
        encode: isTemporal ? 'instant => instant.toString()' : 'date => date.toISOString()',
      };
    case 'date':
      return {
        says: isTemporal ? 'A day; a text on the wire.' : 'A day, as midnight of UTC; a text on the wire.',
        type: isTemporal ? 'Temporal.PlainDate' : 'Date',
        wire: 'z.iso.date()',
        program: isTemporal ? 'z.instanceof(Temporal.PlainDate)' : 'z.date()',
        decode: isTemporal ? 'value => Temporal.PlainDate.from(value)' : 'value => new Date(value)',
        encode: isTemporal
          ? "date => date.toString({ calendarName: 'never' })"
          : 'date => date.toISOString().slice(0, 10)',
      };
    case 'int64':
      return {
        says: 'A whole number of 64 bits; a number on the wire.',
        type: int64,
        wire: wholeNumber,
        program: int64 === 'bigint' ? 'z.bigint()' : 'z.string().regex(/^-?\\d+$/u)',
        decode: int64 === 'bigint' ? 'value => BigInt(value)' : 'value => String(value)',
        encode: `value => (${exactly})`,
      };
    case 'int64Text':
      return {
        says: 'A whole number of 64 bits; a text on the wire.',
        type: 'bigint',
        wire: 'z.string().regex(/^-?\\d+$/u)',
        program: 'z.bigint()',
        decode: 'value => BigInt(value)',
        encode: 'value => value.toString()',
      };
  }
}

/** Those that are used, under the names that they have there. */
export const codecDeclarations = (
  used: ReadonlyMap<CodecName, string>,
  options: SchemaOptions,
): Declaration[] =>
  [...used].map(([codec, name]) => ({
    name,
    code: printStatement(codecStatement(name, codecOf(codec, options)), options.emit),
    needs: new Set<string>(),
  }));

function codecStatement(name: string, { says, type, wire, program, decode, encode }: Codec): Statement {
  const methods = join(hardLine, [`decode: ${decode},`, `encode: ${encode},`]);
  const start = `z.codec(${wire}, ${program}, {`;
  // As formatters have it: what does not fit on the line of the call has lines of its own.
  const isLong = start.length + 4 > width;
  const lines = [
    [hardLine, `${wire},`],
    [hardLine, `${program},`],
    [hardLine, '{', indent(hardLine, ...methods), hardLine, '},'],
  ];
  const call = isLong
    ? ['z.codec(', indent(...lines.flat()), hardLine, '),']
    : [start, indent(hardLine, ...methods), hardLine, '}),'];
  return {
    name,
    docs: [`/** ${says} */`, hardLine],
    type: `z.ZodType<${type}>`,
    value: head => [head, ' /* @__PURE__ */ schema(() =>', indent(hardLine, ...call), hardLine, ')'],
  };
}
