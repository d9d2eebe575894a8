/** Reads what has no inside: texts and numbers, their formats and their limits. */
import type { Node } from '../document/node.ts';
import type { Model, TextFormat } from './model.ts';

/** Formats of text that are checked. */
const textFormats: Readonly<Record<string, TextFormat>> = {
  uuid: 'uuid',
  'date-time': 'date-time',
  date: 'date',
  email: 'email',
  uri: 'uri',
  url: 'uri',
  ipv4: 'ipv4',
  ipv6: 'ipv6',
  byte: 'byte',
};

/** Whether a format is one of texts. */
export const isTextFormat = (format: string | undefined): boolean =>
  format === 'binary' || (format !== undefined && Object.hasOwn(textFormats, format));

/** Whether a format is one of whole numbers. */
export const isSized = (format: string | undefined): format is 'int32' | 'int64' =>
  format === 'int32' || format === 'int64';

/** Tells of a part of the document that is not what it should be, and what was done instead. */
type Warn = (node: Node, message: string, instead: string) => void;

export class ScalarReader {
  readonly #warn: Warn;

  constructor(warn: Warn) {
    this.#warn = warn;
  }

  text(node: Node): Model {
    const given = node.text('format');
    const isBytes =
      given === 'binary' ||
      (node.text('contentMediaType') === 'application/octet-stream' && !node.get('contentEncoding'));
    if (isBytes) return { kind: 'binary' };
    const format =
      given === 'int64'
        ? 'int64'
        : given !== undefined && Object.hasOwn(textFormats, given)
          ? textFormats[given]
          : undefined;
    const written = node.get('pattern');
    const pattern = written && this.pattern(written.value, written);
    return {
      kind: 'text',
      format,
      minLength: this.count(node, 'minLength'),
      maxLength: this.count(node, 'maxLength'),
      patterns: pattern ? [pattern] : [],
    };
  }

  /** As ECMAScript has it with Unicode; many documents have it without. */
  pattern(source: unknown, node: Node): RegExp | undefined {
    if (typeof source === 'string') {
      for (const flags of ['u', '']) {
        try {
          return new RegExp(source, flags);
        } catch {}
      }
    }
    this.#warn(node, 'This is no regular expression of ECMAScript.', 'It is left out.');
    return undefined;
  }

  count(node: Node, keyword: string): number | undefined {
    const value = this.#limit(node, keyword);
    if (value === undefined || (Number.isInteger(value) && value >= 0)) return value;
    this.#warn(node.get(keyword) as Node, `${keyword} should be a whole number from 0.`, 'It is left out.');
    return undefined;
  }

  #limit(node: Node, keyword: string): number | undefined {
    const member = node.get(keyword);
    if (!member) return undefined;
    const value = node.number(keyword);
    if (value === undefined) this.#warn(member, `${keyword} should be a number.`, 'It is left out.');
    return value;
  }

  number(node: Node, isInteger: boolean): Model {
    const format = node.text('format');
    const lower = this.#bounds(node, 'minimum', 'exclusiveMinimum');
    const upper = this.#bounds(node, 'maximum', 'exclusiveMaximum');
    const multipleOf = this.#limit(node, 'multipleOf');
    return {
      kind: 'number',
      isInteger: isInteger || isSized(format),
      format: isSized(format) ? format : undefined,
      minimum: lower.limit,
      above: lower.beyond,
      maximum: upper.limit,
      below: upper.beyond,
      multipleOf: multipleOf !== undefined && multipleOf > 0 ? multipleOf : undefined,
    };
  }

  /** In OpenAPI 3.0 `exclusiveMinimum` is a flag to `minimum`, later it is a bound of its own. */
  #bounds(
    node: Node,
    keyword: string,
    exclusive: string,
  ): { limit: number | undefined; beyond: number | undefined } {
    const limit = this.#limit(node, keyword);
    const flag = node.flag(exclusive);
    if (flag === undefined) return { limit, beyond: this.#limit(node, exclusive) };
    return flag ? { limit: undefined, beyond: limit } : { limit, beyond: undefined };
  }
}
