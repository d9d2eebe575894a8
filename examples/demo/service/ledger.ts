import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/**
 * The orders that a service has executed: one line per execution, in a file, because a database outlives the crash
 * of the process in front of it. Nothing stops an order from standing here twice but the look-up in `execute`.
 */
export class Ledger {
  readonly #path: string;
  readonly #known: Set<string>;

  constructor(path: string) {
    this.#path = path;
    this.#known = new Set(executions(path));
  }

  /** Executes the order unless its `Idempotency-Key` is known. */
  execute(key: string): 'executed' | 'known already' {
    if (this.#known.has(key)) return 'known already';
    this.#known.add(key);
    appendFileSync(this.#path, `${key}\n`);
    return 'executed';
  }
}

/** The keys of all executions, in order; a key that stands twice was executed twice. */
export function executions(path: string): string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split('\n').filter(Boolean);
}
