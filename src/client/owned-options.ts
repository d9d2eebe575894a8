/**
 * One owner per concern: attempts and time are ours, not ky's. Options of ky's that would have a say in them are
 * refused, since heeding them would multiply attempts and ignoring them would surprise.
 */
import { requireObject, show } from '../pipeline/options.ts';

const instead: Readonly<Record<string, string>> = {
  retry: 'Set `policy: { retry: { maxRetries } }`',
  timeout: 'Set `policy: { attemptTimeoutMs }`',
  totalTimeout: 'Set `policy: { totalTimeoutMs }`',
};

const keptFetch =
  'The calls of a client share one fetch, and with it what is known of each host. Give it to createClient()';

/** Names that belong inside `policy`, or to `createFetch`; ky would hand them on to `fetch`, which ignores them. */
const misplaced: Readonly<Record<string, string>> = {
  totalTimeoutMs: 'policy',
  attemptTimeoutMs: 'policy',
  leaseMs: 'policy',
  idempotencyKey: 'policy',
  hostPause: 'policy',
  priority: 'policy',
  bulkhead: 'policy',
  rateLimit: 'policy',
  circuitBreaker: 'policy',
  hosts: 'policy',
  source: 'policy',
  hostKey: 'fetch',
  maxHosts: 'fetch',
  observe: 'fetch',
  logger: 'fetch',
  redact: 'fetch',
  telemetry: 'fetch',
  cacheStore: 'fetch',
  policies: 'fetch',
  clock: 'fetch',
  random: 'fetch',
};

/** @throws TypeError for an option that ky would act on, or that stands in the wrong place. */
export function refuseForeign(options: object): void {
  requireObject(options, '');
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (Object.hasOwn(instead, name)) {
      throw new TypeError(
        `\`${name}\` of ky is off in this client, so that attempts and time have one owner: got ${show(value)}. ` +
          `${instead[name]} instead.`,
      );
    }
    // As a text it is the mode of `fetch`, which ky hands on.
    const isPolicy = name === 'cache' && typeof value !== 'string';
    if (isPolicy || Object.hasOwn(misplaced, name)) throw new TypeError(misplacedMessage(name));
  }
}

/** As {@link refuseForeign}, where a client exists already. */
export function refuseForeignToCall(options: object): void {
  refuseForeign(options);
  if ((options as { fetch?: unknown }).fetch !== undefined) {
    throw new TypeError(`\`fetch\` cannot change here. ${keptFetch}.`);
  }
}

const misplacedMessage = (name: string): string =>
  name === 'cache' || misplaced[name] === 'policy'
    ? `\`${name}\` is no option of a client: it stands inside \`policy\`.`
    : `\`${name}\` is no option of a client: give it to createFetch(), and its result as \`fetch\`.`;
