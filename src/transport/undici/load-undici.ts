import { createRequire } from 'node:module';
import type * as Undici from 'undici';

/** The first whose handlers are told what we have to know. */
const leastMajor = 8;

/**
 * undici, which is an optional peer.
 *
 * @throws Error that says what to install, if it is not there or too old.
 */
export function loadUndici(): typeof Undici {
  const require = createRequire(import.meta.url);
  let version: string;
  try {
    ({ version } = require('undici/package.json') as { version: string });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause;
    throw new Error(`holdfast/undici needs the package \`undici\`, which is not installed: ${howTo}.`, {
      cause,
    });
  }
  if (Number.parseInt(version, 10) < leastMajor)
    throw new Error(`holdfast/undici needs undici ${leastMajor} or later, and found ${version}: ${howTo}.`);
  return require('undici') as typeof Undici;
}

const howTo = `npm install undici@${leastMajor}`;
