/** The one place where it is decided what prints schemas. */
import type { Documents } from './document/documents.ts';
import type { Problems } from './document/problems.ts';
import type { Names } from './names.ts';
import { newSchemaPrinter } from './schema/printer.ts';
import type { SchemaOptions, SchemaPrinter } from './schemas.ts';

export type MakePrinter = (
  documents: Documents,
  names: Names,
  problems: Problems,
  options: SchemaOptions,
) => SchemaPrinter;

export const makePrinter: MakePrinter = newSchemaPrinter;
