/** Installs with the policy that the environment names, or stops the program. */
import { isMainThread } from 'node:worker_threads';
import type { LoadedPolicy } from '../policy-file/load-policy.ts';
import { PolicyFileError } from '../policy-file/policy-file-error.ts';
import { install } from './install.ts';

/**
 * Who has set a policy has to be able to believe in it: what will not do ends the program before it has begun, even if
 * it catches all that is thrown. In a thread, the one that started it hears the error.
 */
export async function register(): Promise<void> {
  try {
    install(await policyOf(process.env.HOLDFAST_POLICY));
  } catch (error) {
    if (!isMainThread) throw error;
    console.error(`holdfast/register: the program was not started.\n${textOf(error)}`);
    process.exit(1);
  }
}

/** Empty is not unset: a variable in a script may have been meant to name a file, and have had no value. */
async function policyOf(path: string | undefined): Promise<LoadedPolicy | undefined> {
  if (path === undefined) return undefined;
  if (path === '')
    throw new PolicyFileError('HOLDFAST_POLICY', [
      { position: undefined, option: '', message: 'It is set, but empty. Name a file, or unset it.' },
    ]);
  // What reads files is a good part of what there is to load.
  const { loadPolicy } = await import('../policy-file/load-policy.ts');
  return loadPolicy(path, { watch: true });
}

function textOf(error: unknown): string {
  if (error instanceof PolicyFileError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
