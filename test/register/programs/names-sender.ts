/** Calls, and says what made each request, which no response shows. */
import { subscribe } from 'node:diagnostics_channel';

let sender = '';
subscribe('undici:request:create', () => {
  sender = /transport[\\/]undici/.test(new Error('here').stack ?? '') ? 'undici' : 'fetch';
});
Error.stackTraceLimit = Number.POSITIVE_INFINITY;
for (const url of process.argv.slice(2)) {
  const { status } = await fetch(url);
  console.log(status, sender);
}
