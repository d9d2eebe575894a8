/** Anything that takes what `fetch` takes and resolves with a `Response`. */
export type FetchLike = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
