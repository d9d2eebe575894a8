import { hash } from 'node:crypto';

/**
 * A number from 0 to 1 that depends on its arguments alone. Both services draw from it, so the n-th call meets the
 * same fault through either client, and only what the clients do about it differs. A repeated call draws anew.
 */
export function luck(call: number, visit: number, about: string): number {
  return Number.parseInt(hash('sha1', `${about} ${call} ${visit}`).slice(0, 8), 16) / 2 ** 32;
}
