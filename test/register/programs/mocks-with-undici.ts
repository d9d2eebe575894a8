/** Gives undici a dispatcher for all of the process, in the middle of it. */
import { MockAgent, setGlobalDispatcher } from 'undici';

const [url] = process.argv.slice(2) as [string];
console.log(await (await fetch(url)).text());
const agent = new MockAgent();
agent.disableNetConnect();
agent.get(new URL(url).origin).intercept({ path: '/200' }).reply(503, 'busy');
agent.get(new URL(url).origin).intercept({ path: '/200' }).reply(200, 'mocked');
setGlobalDispatcher(agent);
console.log(await (await fetch(url)).text());
