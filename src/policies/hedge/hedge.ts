import type { Call } from '../../pipeline/call.ts';
import { errorOutcome, responseOutcome } from '../../pipeline/outcome.ts';
import type { Handler, Policy } from '../../pipeline/pipeline.ts';
import { latencies, learn } from './latencies.ts';
import type { HedgeRules } from './options.ts';
import { Round } from './round.ts';
import type { HedgeSetting, HedgeSurroundings } from './surroundings.ts';

/**
 * Starts another attempt of a call beside one that takes long, and keeps the answer that comes first.
 *
 * Sits inside `retry`, which repeats when all of them have failed, and outside everything that is done per attempt.
 * Only repeatable calls are hedged. Each hedge is paid from the retry budget of the host, and from those of the calls that
 * this one is made within.
 *
 * @see {@link https://research.google/pubs/the-tail-at-scale/ | Dean and Barroso, "The Tail at Scale" (2013)}
 * @see {@link https://github.com/grpc/proposal/blob/master/A6-client-retries.md#hedging-policy | gRPC A6, hedging}
 */
export function hedge(rules: HedgeRules, surroundings: HedgeSurroundings): Policy {
  const setting: HedgeSetting = { ...surroundings, rules };
  return function hedge(call, next) {
    if (!setting.isRepeatable(call)) return next(call);
    call.record.decidedBy = call.attempt;
    const delayMs = delayFor(call, setting.rules);
    if (delayMs === undefined) return timed(call, next, setting);
    const pending = Promise.withResolvers<Response>();
    new Round(setting, call, next, delayMs, pending);
    return pending.promise;
  };
}

function delayFor({ host }: Call, { afterMs, quantile }: HedgeRules): number | undefined {
  if (quantile === undefined) return afterMs;
  const observedMs = host.part(latencies).quantile(quantile);
  // No runtime has a timer shorter than that.
  return observedMs === undefined ? afterMs : Math.max(1, observedMs);
}

/** An attempt that only adds to what is known. */
function timed(call: Call, next: Handler, setting: HedgeSetting): Promise<Response> {
  const startedAt = call.runtime.clock.now();
  return next(call).then(
    response => {
      const outcome = responseOutcome(response);
      learn(setting, call, startedAt, outcome);
      if (outcome.kind === 'success') setting.refill?.(call);
      return response;
    },
    error => {
      learn(setting, call, startedAt, errorOutcome(error, call));
      throw error;
    },
  );
}
