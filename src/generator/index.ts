/**
 * The contract of an OpenAPI document, as code that you could have written. For builds: nothing of it is needed at run
 * time.
 *
 * @module holdfast/generator
 */

export { type Config, defineConfig, type GenerateEntry } from './config.ts';
export type { Change, Place, Side } from './diff/change.ts';
export { type DiffOptions, type DiffResult, diff } from './diff/diff.ts';
export type { Node as DocumentNode } from './document/node.ts';
export type { Path as DocumentPath, Position } from './document/position.ts';
export { type Problem, problemText } from './document/problems.ts';
export type { SourceFile } from './document/source-file.ts';
export { type GenerateOptions, type GenerateResult, generate } from './generate.ts';
export { GenerationError } from './open-document.ts';
export { type Disagreement, type VerifyResult, verify } from './verify/verify.ts';
