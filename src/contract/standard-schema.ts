/** What all schema libraries have in common. */
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** Anything that speaks Standard Schema: zod, valibot, arktype, and others. */
export type Schema<Input = unknown, Output = unknown> = StandardSchemaV1<Input, Output>;

/** What is wrong with a value, in words, and where. */
export interface Issue {
  readonly message: string;
  /** Keys from the outside in; empty for the value itself. */
  readonly path: readonly PropertyKey[];
}

/** What became of a value. */
export type Checked =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

export const isSchema = (value: unknown): value is Schema =>
  (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value;
