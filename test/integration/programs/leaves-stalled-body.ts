/** Leaves a response unread whose body is still to come, and whose connection keeps the process alive. Argument: its URL. */
import { createFetch } from '../../../src/index.ts';

const fetch = createFetch({
  totalTimeoutMs: 1_500,
  attemptTimeoutMs: false,
  leaseMs: 60_000,
  observe: event => {
    if (event.type === 'body-end') console.log(event.end);
  },
});
const response = await fetch(process.argv[2]!);
console.log(response.status);
// Named here, so that it is not garbage before.
process.on('exit', () => response.bodyUsed);
