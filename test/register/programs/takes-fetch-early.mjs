/** A library that takes `fetch` when it is loaded. */
const { fetch } = globalThis;
globalThis.early = fetch;
