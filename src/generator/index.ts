/**
 * The contract of an OpenAPI document, as code that you could have written. For builds: nothing of it is needed at run
 * time.
 *
 * @packageDocumentation
 */
export type { Node as DocumentNode } from './document/node.ts';
export type { Path as DocumentPath, Position } from './document/position.ts';
export { type Problem, problemText } from './document/problems.ts';
export type { SourceFile } from './document/source-file.ts';
export { type GenerateOptions, type GenerateResult, GenerationError, generate } from './generate.ts';
