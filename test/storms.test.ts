/**
 * The storms of `bench/storm/` with one seed, as far as they can be run in a minute: what Holdfast has to reach it reaches.
 * Time is virtual, and the service a simulation; the code under storm is the one that ships.
 */
import { describe, expect, test } from 'vitest';
import { holdfast } from '../bench/storm/holdfast.ts';
import { type Measures, measure } from '../bench/storm/measures.ts';
import { rawFetch } from '../bench/storm/raw-fetch.ts';
import { type Scenario, scenarios } from '../bench/storm/scenarios.ts';
import { storm } from '../bench/storm/storm.ts';
import { judge, targets } from '../bench/storm/targets.ts';

const seed = 1;

/** Asks for what is off as shipped: docs/decisions/an-unsent-post-is-sent-again-only-if-asked.md */
const isLeftAlone = (scenario: string, what: string) => scenario === '9a' && what === 'success %';

async function measured(candidate: typeof rawFetch, scenario: Scenario): Promise<Measures> {
  return measure(scenario, await storm(candidate, scenario, seed));
}

describe.for(scenarios.map(scenario => [scenario.id, scenario] as const))('storm %s', ([id, scenario]) => {
  test(scenario.what, async () => {
    const raw = await measured(rawFetch, scenario);
    const ours = await measured(holdfast(), scenario);
    const missed = targets
      .filter(target => target.scenario === id && !isLeftAlone(id, target.what))
      .map(target => judge(target, [target.value(ours, raw)]))
      .filter(({ reached }) => reached === 'missed');
    const told = missed.map(({ target, worst }) => `${target.what}: ${worst}, ${target.rule} ${target.must}`);
    expect(told).toEqual([]);
  });
});
