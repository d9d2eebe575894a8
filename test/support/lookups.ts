import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

export interface ScriptedLookup {
  readonly lookup: LookupFunction;
  /** The names that were asked for, in order. */
  readonly asked: readonly string[];
}

/** Answers each question with the next of the lists, and with the last again and again. An error is one's answer too. */
export function scriptedLookup(...answers: readonly (readonly string[] | Error)[]): ScriptedLookup {
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, { all }, callback) => {
    asked.push(hostname);
    const answer = answers[Math.min(asked.length, answers.length) - 1] as readonly string[] | Error;
    setImmediate(() => {
      if (answer instanceof Error) return callback(answer, '', 0);
      const addresses: LookupAddress[] = answer.map(address => ({
        address,
        family: address.includes(':') ? 6 : 4,
      }));
      if (all) return callback(null, addresses);
      const [first] = addresses;
      callback(null, first?.address ?? '', first?.family ?? 4);
    });
  };
  return { lookup, asked };
}
