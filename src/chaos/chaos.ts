import type { PlacedPolicy } from '../fetch-options.ts';
import { discard } from '../http/drain.ts';
import type { Call } from '../pipeline/call.ts';
import { boolean, readOptions } from '../pipeline/options.ts';
import type { Handler, Policy } from '../pipeline/pipeline.ts';
import { alter, disguise } from './altered-response.ts';
import { notFound, refused, reset } from './faults.ts';
import { type ChaosOptions, type ChaosRules, optionChecks, readRules } from './options.ts';
import { type EndingFault, type Plan, Scenario } from './scenario.ts';
import { withoutHeaders } from './scope.ts';

/**
 * Injects faults next to the transport, inside the attempt timeout, so that every policy sees them as if they were the
 * network's. For staging and tests: goes in the `policies` of a fetch, and no bundle without it carries it.
 *
 * @throws TypeError in production (`NODE_ENV`, or `environment`), unless `allowInProduction` is true.
 * @throws TypeError or RangeError if an option will not do.
 * @see {@link https://www.pollydocs.org/chaos/ | Polly's chaos strategies}, and
 * {@link https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/fault_filter | Envoy's fault filter},
 * for what others inject and where.
 * @example
 * const faults = chaos({ rate: 0.1, faults: [{ type: 'status', status: 503 }, { type: 'reset' }] });
 * const fetch = createFetch({ policies: [faults] });
 * faults.enabled = false;
 */
export function chaos(options: ChaosOptions): Chaos {
  return new Chaos(options);
}

/** Faults that can be changed, and switched off and on, while calls are under way. Made by {@link chaos}. */
export class Chaos implements PlacedPolicy {
  readonly policy: Policy;
  readonly inside = 'chaos';
  #scenario: Scenario;
  #isEnabled: boolean;

  /** @internal */
  constructor(options: ChaosOptions) {
    const { enabled, environment, allowInProduction, ...rules } = readOptions('', options, optionChecks, {
      enabled: true,
      allowInProduction: false,
    });
    refuseInProduction(environment, allowInProduction);
    this.#scenario = new Scenario(readRules(rules as ChaosRules));
    this.#isEnabled = enabled;
    const chaos: Policy = (call, next) => this.#send(call, next);
    this.policy = chaos;
  }

  get enabled(): boolean {
    return this.#isEnabled;
  }

  /** Switching off lets go of all that is held up: it goes on as if there had been no fault. */
  set enabled(enabled: boolean) {
    boolean(enabled, 'enabled');
    if (enabled === this.#isEnabled) return;
    this.#isEnabled = enabled;
    this.#renew(this.#scenario.rules);
  }

  /**
   * Puts other rules in the place of the present ones, all of them. What is held up is let go; a seed begins anew.
   *
   * @throws TypeError or RangeError if they will not do; the present ones stay.
   */
  update(rules: ChaosRules): void {
    this.#renew(readRules(rules));
  }

  #renew(rules: Scenario['rules']): void {
    const former = this.#scenario;
    this.#scenario = new Scenario(rules);
    former.end();
  }

  #send(call: Call, next: Handler): Promise<Response> {
    const scenario = this.#scenario;
    const toSend = withoutHeaders(call, scenario.rules.headers);
    const plan = this.#isEnabled ? scenario.plan(call.request, call.runtime.random) : undefined;
    if (!plan) return next(toSend);
    note(call, plan);
    return suffer(plan, scenario, toSend, next);
  }
}

/** So that whoever looks can tell it from the real thing. */
function note({ record, attempt, runtime }: Call, { faults }: Plan): void {
  const entry = record.attempt(attempt);
  if (entry) entry.chaos = faults;
  runtime.emit?.({ type: 'chaos', call: record, attempt, faults });
}

async function suffer(plan: Plan, scenario: Scenario, call: Call, next: Handler): Promise<Response> {
  const { runtime, signal } = call;
  if (plan.delayMs > 0) await scenario.hold(runtime.clock, plan.delayMs, signal).done;
  if (plan.ending?.type === 'black-hole')
    await scenario.hold(runtime.clock, Number.POSITIVE_INFINITY, signal).done;
  if (scenario.isOver) return next(call);
  if (plan.ending) return end(plan.ending, scenario, call, next);
  const response = await next(call);
  return plan.body.length === 0 || scenario.isOver ? response : alter(response, call, plan.body, scenario);
}

async function end(fault: EndingFault, scenario: Scenario, call: Call, next: Handler): Promise<Response> {
  const { url } = call.request;
  if (fault.type === 'reset' && fault.when === 'after') {
    const response = await next(call);
    if (scenario.isOver) return response;
    discard(response);
    throw reset();
  }
  const outcome = outcomeOf(fault, url);
  giveUpBody(call, outcome);
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

function outcomeOf(fault: EndingFault, url: URL): Response | TypeError {
  switch (fault.type) {
    case 'refused':
      return refused(url);
    case 'dns':
      return notFound(url);
    case 'status': {
      const { status, body = null, headers = {} } = fault;
      const href = url.href.replace(/#.*/s, '');
      return disguise(new Response(body, { status, headers }), {
        url: href,
        redirected: false,
        type: 'basic',
      });
    }
    default:
      return reset();
  }
}

/** A body that is read once has a source that waits to be read. */
function giveUpBody({ request }: Call, reason: unknown): void {
  const { input, init } = request;
  const body = init.body ?? (typeof input === 'object' && 'body' in input ? input.body : undefined);
  if (!(body instanceof ReadableStream) || body.locked) return;
  body.cancel(reason).catch(() => {});
}

function refuseInProduction(given: string | undefined, isAllowed: boolean): void {
  const { process } = globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } };
  const environment = given ?? process?.env?.NODE_ENV;
  if (isAllowed || environment === undefined || !/^prod(uction)?$/i.test(environment)) return;
  const source = given === undefined ? 'NODE_ENV' : '`environment`';
  throw new TypeError(
    `chaos() makes calls fail on purpose and does not start in production: ${source} is ${JSON.stringify(environment)}. ` +
      'Leave it out there, name another `environment`, or set `allowInProduction: true` if it is meant.',
  );
}
