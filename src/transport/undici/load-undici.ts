import { createRequire } from 'node:module';
import type * as Undici from 'undici';

/** Earlier ones part from Node's `fetch`: 8.0 asks a proxy that hangs up again and again. */
const least = { major: 8, minor: 13 };

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
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < least.major || (major === least.major && minor < least.minor))
    throw new Error(
      `holdfast/undici needs undici ${least.major}.${least.minor} or later, and found ${version}: ${howTo}.`,
    );
  return require('undici') as typeof Undici;
}

const howTo = `npm install undici@${least.major}`;
