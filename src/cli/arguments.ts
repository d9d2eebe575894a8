/** What a command line asks for. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import type { Traffic } from '../check/traffic.ts';
import type { GenerateOptions } from '../generator/generate.ts';
import { nearest } from '../pipeline/options.ts';

/** A command line that says nothing we know. */
export class WrongCommand extends Error {}

export interface GenerateCommand {
  readonly name: 'generate';
  /** Undefined for all that the configuration lists. */
  readonly input: string | undefined;
  readonly config: string | undefined;
  /** What is given on the command line; it goes before the configuration. */
  readonly options: Partial<GenerateOptions>;
  readonly isVerbose: boolean;
  readonly isWatching: boolean;
  /** Whether the compiler compares schemas with types, once they are written. */
  readonly isVerifying: boolean;
}

export interface DiffCommand {
  readonly name: 'diff';
  readonly from: string;
  readonly to: string;
  readonly format: 'text' | 'json';
  readonly allowNetwork: boolean;
}

export interface CheckCommand {
  readonly name: 'check';
  /** The policy. */
  readonly file: string;
  readonly traffic: Traffic;
  readonly format: 'text' | 'json';
  /** Whether a warning is as bad as an error. */
  readonly isStrict: boolean;
}

export type Command = { readonly name: 'help' | 'version' } | GenerateCommand | DiffCommand | CheckCommand;

const common = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } } as const;

const generateFlags = {
  ...common,
  output: { type: 'string', short: 'o' },
  config: { type: 'string' },
  include: { type: 'string', multiple: true },
  exclude: { type: 'string', multiple: true },
  split: { type: 'string' },
  emit: { type: 'string' },
  dates: { type: 'string' },
  int64: { type: 'string' },
  enums: { type: 'string' },
  examples: { type: 'boolean' },
  'allow-network': { type: 'boolean' },
  check: { type: 'boolean' },
  verify: { type: 'boolean' },
  watch: { type: 'boolean' },
  verbose: { type: 'boolean' },
} as const;

const diffFlags = {
  ...common,
  format: { type: 'string' },
  'allow-network': { type: 'boolean' },
} as const;

const checkFlags = {
  ...common,
  'calls-per-second': { type: 'string' },
  'latency-ms': { type: 'string' },
  layers: { type: 'string' },
  strict: { type: 'boolean' },
  format: { type: 'string' },
} as const;

/** @throws WrongCommand */
export function readCommand(args: readonly string[]): Command {
  const command = commandOf(args);
  switch (command) {
    case 'help':
    case 'version':
      return { name: command };
    case 'generate':
      return readGenerate(args);
    case 'diff':
      return readDiff(args);
    case 'check':
      return readCheck(args);
    case undefined:
      throw new WrongCommand('There is no command.');
    default:
      throw new WrongCommand(`There is no command ${JSON.stringify(command)}.`);
  }
}

/** The first word that is no flag, nor belongs to one. */
function commandOf(args: readonly string[]): string | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...generateFlags, ...diffFlags, ...checkFlags },
    allowPositionals: true,
    strict: false,
  });
  if (values.help) return 'help';
  return values.version && positionals.length === 0 ? 'version' : positionals[0];
}

function readGenerate(args: readonly string[]): Command {
  const { values, positionals } = parsed(args, generateFlags);
  const [, input, ...rest] = positionals;
  if (rest.length > 0) throw new WrongCommand(`One document at a time: what is ${JSON.stringify(rest[0])}?`);
  const {
    'allow-network': allowNetwork,
    verbose,
    watch,
    verify,
    help: _,
    version: __,
    config,
    ...others
  } = values;
  if (input !== undefined && config !== undefined)
    throw new WrongCommand('A document and --config at once: a configuration says itself which documents.');
  if (input !== undefined && others.output === undefined)
    throw new WrongCommand('The folder for the output is missing: -o <folder>.');
  if (watch && others.check) throw new WrongCommand('--watch writes and --check does not: choose one.');
  // Whether the words are known is for `generate` to say, which is also called by programs.
  const options = {
    ...others,
    ...(allowNetwork !== undefined && { allowNetwork }),
  } as Partial<GenerateOptions>;
  return {
    name: 'generate',
    input,
    config,
    options,
    isVerbose: verbose === true,
    isWatching: watch === true,
    isVerifying: verify === true,
  };
}

function readDiff(args: readonly string[]): Command {
  const { values, positionals } = parsed(args, diffFlags);
  const [, from, to, ...rest] = positionals;
  if (from === undefined || to === undefined)
    throw new WrongCommand('Two documents are compared: holdfast diff old.yaml new.yaml.');
  if (rest.length > 0) throw new WrongCommand(`Two documents at a time: what is ${JSON.stringify(rest[0])}?`);
  const { format, 'allow-network': allowNetwork = false } = values;
  return { name: 'diff', from, to, format: formatOf(format), allowNetwork };
}

function readCheck(args: readonly string[]): CheckCommand {
  const { values, positionals } = parsed(args, checkFlags);
  const [, file, ...rest] = positionals;
  if (file === undefined) throw new WrongCommand('The policy file is missing: holdfast check policy.yaml.');
  if (rest.length > 0)
    throw new WrongCommand(`One policy file at a time: what is ${JSON.stringify(rest[0])}?`);
  const { 'calls-per-second': callsPerSecond, 'latency-ms': latencyMs, layers, strict, format } = values;
  return {
    name: 'check',
    file,
    traffic: {
      ...(callsPerSecond !== undefined && { callsPerSecond: numberOf('calls-per-second', callsPerSecond) }),
      ...(latencyMs !== undefined && { latencyMs: numberOf('latency-ms', latencyMs) }),
      ...(layers !== undefined && { layers: numberOf('layers', layers) }),
    },
    format: formatOf(format),
    isStrict: strict === true,
  };
}

/** The range is for `checkPolicy` to say, which is also called by programs. */
function numberOf(flag: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number;
  throw new WrongCommand(`--${flag} is a number, got ${JSON.stringify(text)}.`);
}

function formatOf(format = 'text'): 'text' | 'json' {
  if (format === 'text' || format === 'json') return format;
  throw new WrongCommand(`--format is text or json, got ${JSON.stringify(format)}.`);
}

function parsed<Flags extends ParseArgsOptionsConfig>(args: readonly string[], options: Flags) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    const [, flag] = /^Unknown option '(-[^']*)'/.exec((error as Error).message) ?? [];
    throw new WrongCommand(flag ? unknownFlag(flag, Object.keys(options)) : (error as Error).message);
  }
}

function unknownFlag(flag: string, known: readonly string[]): string {
  const near = nearest(flag.replace(/^-+/, '').toLowerCase(), known);
  return `There is no flag ${flag}.${near ? ` Did you mean --${near}?` : ''}`;
}
