/** What `fetch` looks like, and whether it is the one that was taken early. */
const { early } = globalThis as { early?: typeof fetch };
const { value, ...flags } = Object.getOwnPropertyDescriptor(globalThis, 'fetch') as PropertyDescriptor;
console.log(early === fetch, fetch.name, fetch.length, value === fetch, JSON.stringify(flags));
console.log([Request, Response, Headers].map(it => it.name).join());

export {};
