/** A store of Keyv in a real SQLite, on Node's own. */
import { DatabaseSync } from 'node:sqlite';

export class SqliteStore {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec('CREATE TABLE IF NOT EXISTS keyv (key TEXT PRIMARY KEY, value TEXT)');
  }

  async get(key: string): Promise<string | undefined> {
    return this.#database.prepare('SELECT value FROM keyv WHERE key = ?').get(key)?.value as
      | string
      | undefined;
  }

  async set(key: string, value: string): Promise<boolean> {
    this.#database.prepare('INSERT OR REPLACE INTO keyv VALUES (?, ?)').run(key, value);
    return true;
  }

  async delete(key: string): Promise<boolean> {
    return this.#database.prepare('DELETE FROM keyv WHERE key = ?').run(key).changes > 0;
  }

  async clear(): Promise<void> {
    this.#database.exec('DELETE FROM keyv');
  }

  /** Everything that can be read in it. */
  dump(): string {
    return JSON.stringify(this.#database.prepare('SELECT * FROM keyv').all());
  }

  corrupt(text: string): void {
    this.#database.prepare('UPDATE keyv SET value = ?').run(text);
  }

  close(): void {
    this.#database.close();
  }
}
