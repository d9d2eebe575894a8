/**
 * Schemas as the contract sees them: anything that speaks Standard Schema, in two directions.
 *
 * A schema has a form for the wire (its input) and one for the program (its output). What arrives is decoded from the
 * first to the second. What is sent is encoded the other way, which only zod can do: with any other library a value
 * is given in its wire form, checked, and sent as it is.
 *
 * @see {@link https://standardschema.dev | Standard Schema}
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Checked, Schema } from './standard-schema.ts';
import { encodeZod, isZod, traitsOf } from './zod.ts';

/** Turns a value into its other form, at once where the schema can. */
export type Conversion = (value: unknown) => Checked | Promise<Checked>;

/** From the wire to the program. */
export function decoderOf(schema: Schema): Conversion {
  const { validate } = schema['~standard'];
  return caught(value => {
    const result = validate(value);
    return result instanceof Promise ? result.then(checked) : checked(result);
  });
}

/** From the program to the wire. */
export function encoderOf(schema: Schema): Conversion {
  const decode = decoderOf(schema);
  if (!isZod(schema)) {
    return value => {
      const asGiven = (result: Checked): Checked => (result.issues ? result : { value });
      const result = decode(value);
      return result instanceof Promise ? result.then(asGiven) : asGiven(result);
    };
  }
  // Where nothing needs encoding, decoding is the same and faster, and fills in defaults.
  return caught(value => (traitsOf(schema).needsEncoding ? encodeZod(schema, value) : decode(value)));
}

/** What a conversion throws on, such as `BigInt('x')` in a codec, does not match. */
const caught =
  (convert: Conversion): Conversion =>
  value => {
    try {
      const result = convert(value);
      return result instanceof Promise ? result.catch(inconvertible) : result;
    } catch (error) {
      return inconvertible(error);
    }
  };

/** Without its message, which may quote the value. */
const inconvertible = (error: unknown): Checked => ({
  issues: [
    { message: `cannot be converted (${error instanceof Error ? error.name : typeof error})`, path: [] },
  ],
});

/** Whether decoding may change a value, so that it has to be done even where nobody wants it checked. */
export const mayChange = (schema: Schema): boolean => !isZod(schema) || traitsOf(schema).changes;

/** Whether encoding may change a value. */
export const mayEncode = (schema: Schema): boolean => isZod(schema) && traitsOf(schema).changes;

function checked(result: StandardSchemaV1.Result<unknown>): Checked {
  if (!result.issues) return { value: result.value };
  return {
    issues: result.issues.map(({ message, path = [] }) => ({ message, path: Array.from(path, keyOf) })),
  };
}

const keyOf = (segment: PropertyKey | StandardSchemaV1.PathSegment): PropertyKey =>
  typeof segment === 'object' ? segment.key : segment;
