/** What a bundle weighs by what is imported: minified by esbuild, and compressed by gzip as a server would. */
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';

/** In kilobytes of 1,000 bytes. */
export interface Size {
  readonly minified: number;
  readonly gzipped: number;
}

export interface Weighed {
  /** As it stands in the table of docs/browser.md. */
  readonly name: string;
  readonly code: string;
  /** What it may come to, gzipped: a little more than it did when this was written. */
  readonly maxKb: number;
}

export const weighed: readonly Weighed[] = [
  { name: '`createFetch`', code: `export { createFetch } from 'holdfast';`, maxKb: 61 },
  { name: '`createClient`, with ky', code: `export { createClient } from 'holdfast';`, maxKb: 71 },
  {
    name: '`createFetch` with `httpCache`',
    code: `export { createFetch } from 'holdfast'; export { httpCache } from 'holdfast/cache';`,
    maxKb: 76,
  },
  {
    name: '`createApi` and what describes an API, with `createFetch` and zod',
    code: `export { createApi, defineContract, endpoint, json, schema } from 'holdfast/contract';`,
    maxKb: 103,
  },
  {
    name: '`retry`, `pipeline` and `fetchTransport` alone',
    code: `export { fetchTransport, pipeline, retry } from 'holdfast';`,
    maxKb: 16,
  },
];

export interface Part {
  readonly name: string;
  /** Its files, by their path. */
  readonly files: RegExp;
}

/** What `createFetch` is made of. The first that a file belongs to has it. */
export const parts: readonly Part[] = [
  { name: '`@opentelemetry/api`', files: /@opentelemetry\/api\// },
  { name: 'spans, metrics, logs and channels', files: /\/telemetry\// },
  { name: '`structured-headers`, for what servers say of their limits', files: /\/structured-headers\// },
  { name: 'retries and their budget', files: /policies\/retry\// },
  { name: 'the circuit breaker', files: /policies\/circuit-breaker\// },
  { name: 'the concurrency limit', files: /policies\/concurrency-limit\// },
  { name: 'the host pause', files: /policies\/host-pause/ },
  { name: 'time-outs', files: /policies\/timeout/ },
  { name: '`coalesce`', files: /policies\/coalesce\// },
  { name: '`rateLimit`', files: /policies\/rate-limit\// },
  { name: '`fallback`', files: /policies\/fallback\// },
  { name: '`hedge`', files: /policies\/hedge\// },
  { name: '`endpoints`', files: /policies\/endpoints/ },
  { name: '`bulkhead`', files: /policies\/bulkhead\// },
  { name: '`throttle`', files: /policies\/throttle/ },
  {
    name: 'nested calls and deadline headers',
    files: /policies\/(?:nested-guard|deadline-headers)|outer-call/,
  },
  {
    name: 'options: checks, defaults, patterns of hosts',
    files: /pipeline\/options|policy-options|host-pattern|fetch-options|policy-book/,
  },
  { name: 'errors, and how far a failed request got', files: /dist\/errors|http\/failure/ },
  { name: 'bodies that are followed to their end', files: /http\/body-lease/ },
  { name: 'redirects that carry secrets', files: /transport\/redirects/ },
  { name: 'the frame: requests, headers, hosts, the story of a call', files: /./ },
];

export async function sizeOf(folder: string, code: string): Promise<Size> {
  const { contents } = (await bundled(folder, code)).outputFiles[0]!;
  return { minified: contents.length / 1_000, gzipped: gzipSync(contents, { level: 9 }).length / 1_000 };
}

/** The minified size of each part in kilobytes, which add up to the whole. */
export async function sharesOf(folder: string, code: string): Promise<Map<Part, number>> {
  const { metafile } = await bundled(folder, code);
  const shares = new Map<Part, number>(parts.map(part => [part, 0]));
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const part = parts.find(({ files }) => files.test(file))!;
      shares.set(part, shares.get(part)! + bytesInOutput / 1_000);
    }
  }
  return shares;
}

const bundled = (folder: string, code: string) =>
  esbuild.build({
    stdin: { contents: code, resolveDir: folder },
    absWorkingDir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
