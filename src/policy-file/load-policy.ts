import { readFile, stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PolicySource } from '../fetch-options.ts';
import { boolean, readOptions } from '../pipeline/options.ts';
import type { PolicySet } from '../policy-book.ts';
import { readJson } from './json.ts';
import { PolicyFileError, type Position } from './policy-file-error.ts';
import { readPolicy } from './read-policy.ts';
import { type Tree, Unreadable } from './tree.ts';
import { watchFile } from './watch.ts';
import { readYaml } from './yaml.ts';

export interface LoadPolicyOptions {
  /**
   * Whether a change of the file puts its policy in place of the present one, for as long as the fetch that was made
   * with it is open. A file that will not do changes nothing: the observer hears `policy-refused`.
   * @defaultValue false
   */
  readonly watch?: boolean;
}

/** A policy from a file: what `createFetch` takes, and with `watch` where later versions of it come from. */
export interface LoadedPolicy extends PolicySet {
  readonly source?: PolicySource;
}

/**
 * Reads a policy from a JSON or YAML file. YAML needs the package `yaml`.
 *
 * @throws PolicyFileError if the file cannot be read or will not do, with every problem's line and column.
 * @example
 * const fetch = createFetch(await loadPolicy('policy.yaml', { watch: true }));
 */
export async function loadPolicy(path: string | URL, options: LoadPolicyOptions = {}): Promise<LoadedPolicy> {
  const { watch } = readOptions('loadPolicy', options, { watch: boolean }, { watch: false });
  const file = new PolicyFile(path);
  const text = await file.text();
  const policy = await file.policyOf(text);
  return watch ? { ...policy, source: { policy, subscribe: file.subscribeSince(text) } } : policy;
}

const formats: Readonly<Record<string, (text: string) => Tree | Promise<Tree>>> = {
  '.json': readJson,
  '.yaml': readYaml,
  '.yml': readYaml,
};

/** Far above any policy. */
const maxBytes = 1_048_576;

class PolicyFile {
  /** As it was given, for messages. */
  readonly #name: string;
  /** Absolute: the working directory may change while a file is watched. */
  readonly #path: string;
  readonly #read: (text: string) => Tree | Promise<Tree>;

  constructor(path: string | URL) {
    if (typeof path !== 'string' && !(path instanceof URL))
      throw new TypeError(`\`path\` should be a string or a file: URL, got ${String(path)}.`);
    this.#name = typeof path === 'string' ? path : fileURLToPath(path);
    this.#path = resolve(this.#name);
    const read = formats[extname(this.#name).toLowerCase()];
    if (!read) throw this.#error(undefined, 'A policy file should end in .json, .yaml or .yml.');
    this.#read = read;
  }

  async text(): Promise<string> {
    try {
      return decode(await readSmall(this.#path));
    } catch (error) {
      const what = (error as Error).message;
      throw this.#error(undefined, error instanceof Unreadable ? what : `Cannot be read: ${what}.`, error);
    }
  }

  async policyOf(text: string): Promise<PolicySet> {
    const { policy, issues } = readPolicy(await this.#treeOf(text));
    if (policy) return policy;
    throw new PolicyFileError(this.#name, issues);
  }

  /** Hands over what the file says when it no longer says `known`. */
  subscribeSince(known: string): PolicySource['subscribe'] {
    return (onPolicy, onError) => {
      const subscription = new Subscription(this, known, onPolicy, onError);
      const stop = watchFile(
        this.#path,
        () => subscription.look(),
        error =>
          subscription.fail(this.#error(undefined, `Cannot be watched: ${(error as Error).message}.`, error)),
      );
      return () => {
        subscription.end();
        stop();
      };
    };
  }

  async #treeOf(text: string): Promise<Tree> {
    try {
      return await this.#read(text);
    } catch (error) {
      if (error instanceof Unreadable) throw this.#error(error.position, error.message);
      throw error;
    }
  }

  #error(position: Position | undefined, message: string, cause?: unknown): PolicyFileError {
    const issues = [{ position, option: '', message }];
    return new PolicyFileError(this.#name, issues, cause instanceof Unreadable ? undefined : { cause });
  }
}

/** One fetch that follows a file. */
class Subscription {
  readonly #file: PolicyFile;
  readonly #onPolicy: (policy: PolicySet) => void;
  readonly #onError: (error: unknown) => void;
  /** What the file said last, good or bad; undefined if it could not be read. */
  #text: string | undefined;
  /** Told once: a file that stays wrong, or stays away, is no news. */
  #complaint: string | undefined;
  #hasEnded = false;

  constructor(
    file: PolicyFile,
    text: string,
    onPolicy: (policy: PolicySet) => void,
    onError: (error: unknown) => void,
  ) {
    this.#file = file;
    this.#text = text;
    this.#onPolicy = onPolicy;
    this.#onError = onError;
  }

  async look(): Promise<void> {
    try {
      const before = this.#text;
      this.#text = undefined;
      this.#text = await this.#file.text();
      if (this.#text === before) return;
      const policy = await this.#file.policyOf(this.#text);
      if (this.#hasEnded) return;
      this.#complaint = undefined;
      this.#onPolicy(policy);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  fail(error: Error): void {
    if (this.#hasEnded || error.message === this.#complaint) return;
    this.#complaint = error.message;
    this.#onError(error);
  }

  end(): void {
    this.#hasEnded = true;
  }
}

async function readSmall(path: string): Promise<Uint8Array> {
  // Before it is opened: opening a named pipe waits for a writer.
  const stats = await stat(path);
  if (!stats.isFile()) throw new Unreadable(undefined, 'This is not a file.');
  if (stats.size > maxBytes) throw new Unreadable(undefined, `The file is larger than ${maxBytes} bytes.`);
  return readFile(path);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Unreadable(undefined, 'The file is not text in UTF-8.');
  }
}
