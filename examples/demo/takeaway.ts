import { ms } from './show/text.ts';
import type { Figures } from './summary.ts';

/** The two lines to remember, whichever way the measurements went. */
export function takeaway(fetch: Figures, holdfast: Figures): string[] {
  return [
    `Of ${fetch.calls} calls, fetch answered ${fetch.answered} and holdfast ${holdfast.answered}; ` +
      `callers waited for nothing ${ms(fetch.waitedInVainMs)} with fetch, ${ms(holdfast.waitedInVainMs)} with holdfast.`,
    `For that the service received ${fetch.requestsReceived} requests from fetch, ${holdfast.requestsReceived} from holdfast, ` +
      `which left ${fetch.orders.inDoubt} and ${holdfast.orders.inDoubt} orders in doubt ` +
      `and executed ${fetch.orders.executedTwice} and ${holdfast.orders.executedTwice} twice.`,
  ];
}
