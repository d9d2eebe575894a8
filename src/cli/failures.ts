/** Says what is wrong, and how the command ends by that. */
import { WrongCommand } from './arguments.ts';
import { WrongConfig } from './config-file.ts';
import { complain } from './output.ts';

/** What nobody foresaw is shown with its stack. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof WrongCommand) {
    complain(`error: ${error.message} (holdfast --help says more)`);
    return 2;
  }
  if (error instanceof WrongConfig) {
    complain(`error: ${error.message}`);
    return 2;
  }
  if ((error instanceof TypeError || error instanceof RangeError) && error.message.startsWith('`')) {
    complain(`error: ${error.message} (holdfast --help says more)`);
    return 2;
  }
  if (isExpected(error)) {
    complain(`error: ${error.message}`);
    return 1;
  }
  if (isMissingYaml(error)) {
    complain('error: The generator needs the package js-yaml: npm install --save-dev js-yaml');
    return 1;
  }
  complain(`error: ${error instanceof Error ? error.stack : String(error)}`);
  return 1;
}

/** The message says enough; of the system, that is no room, no right, no such folder. */
const isExpected = (error: unknown): error is Error =>
  error instanceof Error &&
  (['GenerationError', 'PolicyFileError'].includes(error.name) || 'syscall' in error);

const isMissingYaml = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes("'js-yaml'");
