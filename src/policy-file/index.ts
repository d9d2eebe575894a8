/**
 * Policies from JSON and YAML files, for Node.
 *
 * @module holdfast/policy-file
 */
export { type LoadedPolicy, type LoadPolicyOptions, loadPolicy } from './load-policy.ts';
export { PolicyFileError, type PolicyFileIssue, type Position } from './policy-file-error.ts';
