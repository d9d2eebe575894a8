/**
 * `holdfast/install`: makes the global `fetch` a resilient one and undoes that, for tests and scripts.
 *
 * @module holdfast/install
 */
export { type Installation, type InstallOptions, install, uninstall } from '../install.ts';
