/**
 * `node --import holdfast/register app.js`: the global `fetch` is a resilient one, by the policy in the file that
 * `HOLDFAST_POLICY` names, or else by the default one.
 *
 * @packageDocumentation
 */
import { register } from './register.ts';

await register();
