import type { Documents } from '../document/documents.ts';
import type { Problems } from '../document/problems.ts';
import type { Emit } from '../print/statement.ts';
import type { InlineSchemas } from './inline-schemas.ts';
import type { Shapes } from './shapes.ts';

/** What all parts of an operation are printed with. */
export interface Context {
  readonly documents: Documents;
  readonly problems: Problems;
  readonly schemas: InlineSchemas;
  readonly shapes: Shapes;
  readonly emit: Emit;
}
