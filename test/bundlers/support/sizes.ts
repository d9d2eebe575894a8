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
  { name: '`createFetch`', code: `export { createFetch } from 'holdfast';`, maxKb: 57.7 },
  { name: '`createClient`, with ky', code: `export { createClient } from 'holdfast';`, maxKb: 67.7 },
  {
    name: '`createFetch` with `httpCache`',
    code: `export { createFetch } from 'holdfast'; export { httpCache } from 'holdfast/cache';`,
    maxKb: 72.9,
  },
  {
    name: '`createApi` and what describes an API, with `createFetch` and the part of zod that we need',
    code: `export { createApi, defineContract, endpoint, json, schema } from 'holdfast/contract';`,
    maxKb: 82.3,
  },
  {
    name: '`retry`, `pipeline` and `fetchTransport` alone',
    code: `export { fetchTransport, pipeline, retry } from 'holdfast';`,
    maxKb: 14.4,
  },
];

export interface Part {
  readonly name: string;
  /** Its modules, by how they are imported. */
  readonly modules: RegExp;
}

/** What `createFetch` is made of. */
export const parts: readonly Part[] = [
  { name: 'spans, metrics, logs and channels', modules: /\/telemetry\// },
  { name: '`@opentelemetry/api`', modules: /^@opentelemetry/ },
  { name: 'retries with their budget', modules: /policies\/retry\// },
  { name: '`coalesce`', modules: /policies\/coalesce\// },
  { name: 'the circuit breaker', modules: /policies\/circuit-breaker\// },
  { name: '`rateLimit`', modules: /policies\/rate-limit\// },
  { name: '`structured-headers`', modules: /^structured-headers/ },
  { name: 'the concurrency limit', modules: /policies\/concurrency-limit\// },
  { name: '`fallback`', modules: /policies\/fallback\// },
  { name: 'errors', modules: /\/errors\.js$/ },
  { name: 'bodies that are followed to their end', modules: /http\/body-lease/ },
  { name: '`hedge`', modules: /policies\/hedge\// },
  { name: '`endpoints`', modules: /policies\/endpoints/ },
  { name: 'patterns of hosts', modules: /hosts\/host-pattern/ },
  { name: 'checks of options', modules: /pipeline\/options/ },
  { name: '`bulkhead`', modules: /policies\/bulkhead\// },
  { name: 'the host pause', modules: /policies\/host-pause/ },
  { name: '`throttle`', modules: /policies\/throttle/ },
];

/** @param without - what is left out, if anything. */
export async function sizeOf(folder: string, code: string, without?: RegExp): Promise<Size> {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
    plugins: without ? [leaveOut(without)] : [],
  });
  const { contents } = outputFiles[0]!;
  return { minified: contents.length / 1_000, gzipped: gzipSync(contents, { level: 9 }).length / 1_000 };
}

const leaveOut = (modules: RegExp): esbuild.Plugin => ({
  name: 'leave-out',
  setup({ onResolve }) {
    onResolve({ filter: modules }, ({ path }) => ({ path, external: true }));
  },
});
