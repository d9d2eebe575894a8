/** One fetch, two hosts, two policies: a search that has to be quick, and a report that may take its time. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFetch, explain } from 'holdfast';

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// Its first answer would take for ever; an instance of it hangs.
let searches = 0;
const search = createServer((_, response) => {
  searches++;
  if (searches > 1) response.end('3 hits');
});
const report = createServer((_, response) => {
  setTimeout(() => response.end('the report'), 600);
});
const searchHost = await listen(search);
const reportHost = await listen(report);

const fetch = createFetch({
  attemptTimeoutMs: 300,
  totalTimeoutMs: 10_000,
  hosts: {
    [reportHost]: { attemptTimeoutMs: 5_000, totalTimeoutMs: 60_000, retry: false },
  },
});

for (const host of [searchHost, reportHost]) {
  const response = await fetch(`http://${host}/`);
  console.log(await response.text());
  console.log(explain(response));
}

await fetch.close();
for (const server of [search, report]) {
  server.close();
  server.closeAllConnections();
}
