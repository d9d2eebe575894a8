/** Ajv, as what is compared with it needs it. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

/** Patterns of many documents are none with Unicode. */
const lenient = Object.assign(
  (source: string, flags: string) => {
    try {
      return new RegExp(source, flags);
    } catch {
      return new RegExp(source);
    }
  },
  { code: 'new RegExp' },
);

/** With the formats that generated schemas check, or with all that there are. */
export function newReferee(checked?: readonly string[]): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    ownProperties: true,
    logger: false,
    // 0.3 is a multiple of 0.1.
    multipleOfPrecision: 8,
    code: { regExp: lenient },
  });
  const add = formats as unknown as (to: Ajv2020, names?: readonly string[]) => void;
  if (checked) add(ajv, checked);
  else add(ajv);
  return ajv;
}
