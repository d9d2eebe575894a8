import { bundle } from './bundle.ts';
import { writeFileSync, mkdirSync, globSync } from 'node:fs';
const files = globSync(['test/{promises,pipeline,http,hosts,policies,composition,contract,oauth2,chaos,check,testing,telemetry,regression}/*.test.ts','test/policies/cache/*.test.ts','test/regression/telemetry/*.test.ts'])
 .filter(f=>!/msw|mock-handlers|manners|client.test|editor.test|alerts|environment|undici|command.test|conformance|store.test|nested-calls|instrumentation|logs.test|telemetry\/spans|telemetry\/metrics|vitest/.test(f)).filter(f => process.argv.length<3 || process.argv.slice(2).some(a=>f.includes(a)));
const code = await bundle(files);
mkdirSync('/tmp/h8-rt-out', { recursive: true });
writeFileSync('/tmp/h8-rt-out/bundle.mjs', code);
writeFileSync('/tmp/h8-rt-out/run.mjs', `import { files, runFile } from './bundle.mjs';
let bad=0,good=0,skipped=0;
for (const [name, load] of Object.entries(files)) { const t=performance.now(); const r = await runFile(load, () => false); const f=r.filter(x=>x.state==='failed'); bad+=f.length; good+=r.filter(x=>x.state==='passed').length; skipped+=r.filter(x=>x.state==='skipped').length;
 console.log(name, r.length, f.length ? 'FAILED '+f.length : 'ok', Math.round(performance.now()-t)+'ms'); for (const x of f) console.log('   ', x.name, '\\n       ', x.error?.split('\\n').slice(0,5).join('\\n        ')); }
console.log({good,bad,skipped});
`);
console.log(files.length, code.length);
