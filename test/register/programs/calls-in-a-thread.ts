/** Calls from a thread, and says what the thread dies of. */
import { Worker } from 'node:worker_threads';

const [policy, ...argv] = process.argv.slice(2);
const env = { ...process.env, ...(policy && { HOLDFAST_POLICY: policy }) };
const worker = new Worker(new URL('calls.ts', import.meta.url), { argv, env });
worker.on('error', error => console.log(`${error.name}: ${error.message}`));
worker.on('exit', code => console.log('exit', code));
