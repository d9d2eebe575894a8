/** Watches a policy file, and has nothing more to do. Argument: the file. */
import { createFetch } from '../../../src/index.ts';
import { loadPolicy } from '../../../src/policy-file/index.ts';

const [file = ''] = process.argv.slice(2);
createFetch(await loadPolicy(file, { watch: true }));
console.log('watching');
