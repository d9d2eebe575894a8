/** The one place where it is decided what prints schemas. */
import type { Documents } from './document/documents.ts';
import type { Problems } from './document/problems.ts';
import type { Names } from './names.ts';
import type { SchemaOptions, SchemaPrinter } from './schemas.ts';

export type MakePrinter = (
  documents: Documents,
  names: Names,
  problems: Problems,
  options: SchemaOptions,
) => SchemaPrinter;

/** Anything goes: until schemas are printed. */
export const makePrinter: MakePrinter = () => {
  const anything = { expression: '/* @__PURE__ */ z.unknown()', type: 'unknown' };
  return {
    print: () => anything,
    printObject: members => ({
      expression: `/* @__PURE__ */ z.looseObject({ ${members
        .map(
          ({ name, isRequired }) => `${JSON.stringify(name)}: z.unknown()${isRequired ? '' : '.optional()'}`,
        )
        .join(', ')} })`,
      type: 'unknown',
    }),
    declarations: [],
  };
};
