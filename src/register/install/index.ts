/**
 * `holdfast/install`: makes the global `fetch` a resilient one and undoes that, for tests and scripts.
 *
 * @packageDocumentation
 */
export { type Installation, type InstallOptions, install, uninstall } from '../install.ts';
