import type * as z from 'zod';
import { parseHostPattern } from '../hosts/host-pattern.ts';
import { show, unknownOption } from '../pipeline/options.ts';
import { definePolicy, type PolicySet } from '../policy-book.ts';
import type { PolicyFileIssue, Position } from './policy-file-error.ts';
import { allowedAt, policyFileSchema } from './schema.ts';
import { plain, type Tree, treeAt } from './tree.ts';

/** What a file comes to: a policy, or all that is wrong with it, in the order of the file. */
export type Reading =
  | { readonly policy: PolicySet; readonly issues?: never }
  | { readonly policy?: never; readonly issues: readonly PolicyFileIssue[] };

type Path = readonly PropertyKey[];
type ZodIssue = z.core.$ZodIssue;

/** Reads a policy out of what a file says: by the schema first, which knows every place, then by the core's own checks. */
export function readPolicy(tree: Tree): Reading {
  if (tree.kind === 'scalar' && (tree.value === null || tree.value === '')) {
    const message = 'The file is empty. Write {} for the defaults.';
    return { issues: [{ position: tree.at, option: '', message }] };
  }
  const parsed = policyFileSchema.safeParse(plain(tree));
  const issues = [
    ...(parsed.error?.issues.flatMap(issue => issuesOf(issue, [], tree)) ?? []),
    ...patternIssues(tree),
  ];
  if (issues.length > 0) return { issues: issues.sort(byPosition) };
  const { $schema: _, ...policy } = withNumbers(parsed.data) as PolicySet & { $schema?: string };
  const error = refusalOf(policy);
  if (!error) return { policy };
  return { issues: [{ ...culpritIn(policy, tree), message: error.message }] };
}

function refusalOf(policy: PolicySet): Error | undefined {
  try {
    definePolicy(policy);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/**
 * Where options contradict each other, each of which will do alone: the innermost part that is refused without the
 * rest of the file. What is said of a host is laid over what is said of all, so it is tried with that.
 */
function culpritIn(policy: PolicySet, tree: Tree): Pick<PolicyFileIssue, 'option' | 'position'> {
  const { hosts = {}, ...common } = policy;
  const isRefused = (path: Path): boolean => {
    const part = path.reduce<unknown>((value, step) => (value as Record<PropertyKey, unknown>)[step], policy);
    if (typeof part !== 'object' || part === null) return false;
    const alone = path.reduceRight<unknown>((value, step) => ({ [step]: value }), part) as PolicySet;
    return refusalOf(path[0] === 'hosts' ? { ...common, ...alone } : alone) !== undefined;
  };
  const inward = (path: Path): Path => {
    const names = Object.keys(plain(treeAt(tree, path)) as object);
    const next = names.map(name => [...path, name]).find(isRefused);
    return next ? inward(next) : path;
  };
  const outermost = refusalOf(common)
    ? []
    : (Object.keys(hosts)
        .map(pattern => ['hosts', pattern])
        .find(isRefused) ?? ['hosts']);
  const path = outermost.length === 1 ? outermost : inward(outermost);
  return { option: nameOf(path), position: treeAt(tree, path).at };
}

function issuesOf(issue: ZodIssue, base: Path, tree: Tree): PolicyFileIssue[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => unknownIssue([...path, key], tree));
  const within = issue.code === 'invalid_union' ? issue.errors.find(goesDeeper) : undefined;
  if (within) return within.flatMap(inner => issuesOf(inner, path, tree));
  const found = treeAt(tree, path);
  const option = nameOf(path);
  const given = shorten(show(plain(found)));
  const name = option === '' ? 'A policy' : `\`${option}\``;
  return [
    { position: found.at, option, message: `${name} should be ${allowedAt(path).says}, got ${given}.` },
  ];
}

/** The one of the ways in which a value may be given that was meant: an object whose inside is wrong. */
const goesDeeper = (issues: readonly ZodIssue[]): boolean =>
  issues.some(({ code, path }) => path.length > 0 || code === 'unrecognized_keys');

function unknownIssue(path: Path, tree: Tree): PolicyFileIssue {
  const container = treeAt(tree, path.slice(0, -1));
  const key = String(path.at(-1));
  const position = container.kind === 'object' ? container.members.get(key)?.keyAt : container.at;
  const option = nameOf(path);
  const { message } = unknownOption(option, key, allowedAt(path.slice(0, -1)).names);
  return { position, option, message };
}

function patternIssues(tree: Tree): PolicyFileIssue[] {
  const hosts = treeAt(tree, ['hosts']);
  if (hosts === tree || hosts.kind !== 'object') return [];
  return [...hosts.members].flatMap(([pattern, { keyAt }]) => {
    try {
      parseHostPattern(pattern);
      return [];
    } catch (error) {
      return [{ position: keyAt, option: 'hosts', message: `In \`hosts\`: ${(error as Error).message}` }];
    }
  });
}

/** As the options are called in code. What stands before an '@' may be a password, and this goes to a log. */
function nameOf(path: Path): string {
  return path.reduce<string>((name, step, index) => {
    if (typeof step === 'number') return `${name}[${step}]`;
    if (index === 1 && path[0] === 'hosts') return `${name}['${String(step).replace(/^.*@/s, '…@')}']`;
    return name === '' ? String(step) : `${name}.${String(step)}`;
  }, '');
}

/** No limit is written as text, which means nothing else wherever the schema lets it through. */
function withNumbers(value: unknown): unknown {
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (Array.isArray(value)) return value.map(withNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withNumbers(inner)]));
}

const maxShownLength = 120;
const shorten = (text: string): string =>
  text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text;

const start: Position = { line: 0, column: 0 };

const byPosition = (
  { position: a = start }: PolicyFileIssue,
  { position: b = start }: PolicyFileIssue,
): number => a.line - b.line || a.column - b.column;
