/** The built package as it is where somebody has installed it, with the optional peers that are named and no other. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export class PackageCopy implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'holdfast-package-'));

  constructor() {
    const ours = join(this.#modules, 'holdfast');
    mkdirSync(ours, { recursive: true });
    for (const part of ['dist', 'package.json'])
      cpSync(join(root, part), join(ours, part), { recursive: true });
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) this.#link(name);
  }

  /** The URL of a file of the package. */
  url(path: string): string {
    return pathToFileURL(join(this.#modules, 'holdfast', path)).href;
  }

  /** Puts a package beside ours that has a version and nothing in it. */
  addEmpty(name: string, version: string): void {
    const folder = join(this.#modules, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version }));
  }

  get #modules(): string {
    return join(this.#folder, 'node_modules');
  }

  #link(name: string): void {
    mkdirSync(dirname(join(this.#modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(this.#modules, name), 'junction');
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
