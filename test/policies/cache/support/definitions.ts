/** The public test suite for HTTP caches, https://cache-tests.fyi, of which the definitions alone are used: data. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export type Field = [name: string, value: string | number, ...rest: unknown[]];

/** One request of a test, the answer of its server, and what the client should see. */
export interface Step {
  readonly request_method?: string;
  readonly request_headers?: Field[];
  readonly request_body?: string;
  readonly query_arg?: string;
  readonly filename?: string;
  readonly mode?: RequestMode;
  readonly credentials?: RequestCredentials;
  readonly cache?: RequestCache;
  readonly redirect?: RequestRedirect;
  readonly pause_after?: boolean;
  readonly disconnect?: boolean;
  readonly magic_locations?: boolean;
  readonly magic_ims?: boolean;
  readonly rfc850date?: string[];
  readonly response_status?: [number, string];
  readonly response_headers?: Field[];
  readonly response_body?: string | null;
  readonly check_body?: boolean;
  readonly expected_type?: 'cached' | 'not_cached' | 'lm_validated' | 'etag_validated';
  readonly expected_method?: string;
  readonly expected_status?: number;
  readonly expected_request_headers?: (string | [string, string])[];
  readonly expected_response_headers?: (string | [string, string | number] | [string, '=' | '>', string])[];
  readonly expected_response_headers_missing?: (string | [string, string])[];
  readonly expected_response_text?: string | null;
  readonly setup?: boolean;
  readonly setup_tests?: string[];
}

export interface Definition {
  readonly id: string;
  readonly name: string;
  readonly suite: string;
  /** `required` by the RFC, `optimal` for a cache to be of use, or a `check` of how it behaves. */
  readonly kind: 'required' | 'optimal' | 'check';
  readonly requests: Step[];
}

interface Suite {
  readonly id: string;
  readonly tests: readonly (Omit<Definition, 'suite' | 'kind'> & {
    readonly kind?: Definition['kind'];
    readonly browser_skip?: boolean;
  })[];
}

/** Those for a cache within a client; those about surrogates are not among them. */
export async function definitions(): Promise<Definition[]> {
  const root = dirname(createRequire(import.meta.url).resolve('http-cache-tests/package.json'));
  if (!readdirSync(join(root, 'tests')).includes('index.mjs')) throw new Error('the suite has another shape');
  const { default: suites } = (await import(pathToFileURL(join(root, 'tests/index.mjs')).href)) as {
    default: readonly Suite[];
  };
  return suites.flatMap(({ id: suite, tests }) =>
    tests
      .filter(({ browser_skip }) => !browser_skip)
      .map(({ id, name, kind = 'required', requests }) => ({ id, name, suite, kind, requests })),
  );
}
