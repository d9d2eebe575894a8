/** `npm run example:browser` */
import { startExample } from './start.ts';

const { url, service } = await startExample(5173);
console.log(`the page     ${url}\nthe service  ${service.url}`);
