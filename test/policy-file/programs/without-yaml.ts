/** Loads policies where the package `yaml` is not installed. Arguments: the files. */
import { registerHooks } from 'node:module';
import { loadPolicy } from '../../../src/policy-file/index.ts';

registerHooks({
  resolve(specifier, context, nextResolve) {
    // Under another name the runtime itself says what it says of a package that is missing.
    return nextResolve(specifier === 'yaml' ? 'yaml-that-is-not-installed' : specifier, context);
  },
});

for (const file of process.argv.slice(2)) {
  console.log(await loadPolicy(file).then(JSON.stringify, String));
}
