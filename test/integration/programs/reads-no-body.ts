/** Makes calls, reads none of the answers, and has nothing more to do. Arguments: the URLs to call. */
import { createFetch } from '../../../src/index.ts';

const fetch = createFetch();
for (const url of process.argv.slice(2)) {
  const response = await fetch(url);
  console.log(response.status);
}
