/**
 * A project that has installed the packed package and nothing else: its dependencies lie beside it and are no business of
 * the project, as pnpm and Yarn lay them out. What a package has not said that it needs is not there.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export class ScratchProject implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'holdfast-bundle-'));

  /** @param peers - the optional ones that the project has installed too. */
  constructor(peers: readonly string[] = []) {
    const store = join(this.folder, 'node_modules/.store/holdfast/node_modules');
    unpack(join(store, 'holdfast'));
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const name of [...Object.keys(dependencies), ...peers])
      link(join(root, 'node_modules', name), join(store, name));
    link(join(store, 'holdfast'), join(this.folder, 'node_modules/holdfast'));
    writeFileSync(join(this.folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  }

  /** Writes a file, and says where. */
  write(name: string, text: string): string {
    const file = join(this.folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function unpack(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1e8,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  execFileSync('tar', ['-xzf', filename, '--strip-components=1'], { cwd: folder });
  rmSync(join(folder, filename));
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, 'junction');
}
