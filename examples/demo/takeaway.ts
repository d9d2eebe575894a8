import { ms } from './show/text.ts';
import type { Figures } from './summary.ts';

/** The two lines to remember, whichever way the measurements went. */
export function takeaway(fetch: Figures, holdfast: Figures): string[] {
  return [
    `Of ${fetch.calls} calls, fetch answered ${fetch.answered} and holdfast ${holdfast.answered}; ` +
      `callers waited for nothing ${ms(fetch.waitedInVainMs)} with fetch, ${ms(holdfast.waitedInVainMs)} with holdfast.`,
    `The service received ${fetch.requestsReceived} requests from fetch and ${holdfast.requestsReceived} from holdfast; ` +
      `${fetch.orders.inDoubt} and ${holdfast.orders.inDoubt} orders ended in doubt, ` +
      `${fetch.orders.executedTwice} and ${holdfast.orders.executedTwice} were executed twice.`,
  ];
}
