/** Leaves a response unread whose connection keeps the process alive. Arguments: its URL. */
import { createFetch } from '../../../src/index.ts';

const fetch = createFetch({
  totalTimeoutMs: 300,
  attemptTimeoutMs: 200,
  observe: event => {
    if (event.type === 'body-end') console.log(event.end);
  },
});
const response = await fetch(process.argv[2]!);
console.log(response.status);
process.on('exit', () => console.log(response.bodyUsed));
