import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Issued extends Certificate {
  /** Subject alternative names. */
  readonly names: string;
}

/** An authority of a test's own, and what it issues. Made by the `openssl` of the machine. */
export class Authority implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
  readonly ca: string;
  /** The private key of `ca`. */
  readonly key: string;
  #count = 0;

  constructor() {
    this.#openssl('req', '-x509', ...newKey('ca'), '-days', '3650', '-subj', '/CN=test authority');
    this.ca = this.#read('ca.pem');
    this.key = this.#read('ca.key');
  }

  /** @param names - such as `DNS:localhost,IP:127.0.0.1`. @param days - that it is valid for; negative for the past. */
  issue(names: string, days = 3650): Certificate {
    const name = `c${++this.#count}`;
    this.#openssl('req', ...newKey(name, 'csr'), '-subj', '/CN=test', '-addext', `subjectAltName=${names}`);
    const issuer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-copy_extensions', 'copyall'];
    const times = ['-days', String(days)];
    this.#openssl('x509', '-req', '-in', `${name}.csr`, ...issuer, ...times, '-out', `${name}.pem`);
    return { cert: this.#read(`${name}.pem`), key: this.#read(`${name}.key`) };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: 'pipe' });
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8');
  }
}

const newKey = (name: string, kind: 'pem' | 'csr' = 'pem'): string[] => [
  ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
  ...['-keyout', `${name}.key`, '-out', `${name}.${kind}`],
];
