import { bundle } from './bundle.ts'; import { socketSuites, virtualTests } from './selection.ts'; import { writeFileSync } from 'node:fs';
const code = await bundle({ files: [...socketSuites, ...virtualTests()], hasBuiltins: true });
const d = '/tmp/h8-runtimes/test/runtimes/dist/';
for (const r of ['deno','bun','node']) { writeFileSync(`${d}${r}.bundle.mjs`, code); writeFileSync(`${d}${r}.play.mjs`, `globalThis.HOLDFAST_SERVICE = {};
const { files, runFile } = await import('./${r}.bundle.mjs');
export const names = Object.keys(files);
export const play = file => runFile(files[file], name => false);`); }
