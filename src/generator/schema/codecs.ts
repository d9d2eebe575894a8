/** Codecs that a module declares for all of its schemas. */
import { hardLine, indent, join } from '../print/layout.ts';
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

const localDateTime = 'z.iso.datetime({ offset: true, local: true })';
const wholeNumber = 'z.number().multipleOf(1)';

function codecOf(name: CodecName, { dates, int64 }: SchemaOptions): Codec {
  const isTemporal = dates === 'Temporal';
  switch (name) {
    case 'dateTime':
      return {
        says: 'An instant; a text of ISO 8601 on the wire.',
        type: isTemporal ? 'Temporal.Instant' : 'Date',
        wire: isTemporal ? 'z.iso.datetime({ offset: true })' : localDateTime,
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
        encode: isTemporal ? 'date => date.toString()' : 'date => date.toISOString().slice(0, 10)',
      };
    case 'int64':
      return {
        says: 'A whole number of 64 bits; a number on the wire.',
        type: int64,
        wire: wholeNumber,
        program: int64 === 'bigint' ? 'z.bigint()' : 'z.string().regex(/^-?\\d+$/u)',
        decode: int64 === 'bigint' ? 'number => BigInt(number)' : 'number => BigInt(number).toString()',
        encode: 'value => Number(value)',
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
  const methods = [`decode: ${decode},`, `encode: ${encode},`];
  return {
    name,
    docs: [`/** ${says} */`, hardLine],
    type: `z.ZodType<${type}>`,
    value: head => [
      head,
      ' /* @__PURE__ */ schema(() =>',
      indent(
        hardLine,
        `z.codec(${wire}, ${program}, {`,
        indent(hardLine, ...join(hardLine, methods)),
        hardLine,
        '}),',
      ),
      hardLine,
      ')',
    ],
  };
}
