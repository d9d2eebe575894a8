import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/testing/index.ts';
import { statusResponse } from '../../support/answering.ts';
import { harness, url } from '../../support/harness.ts';

const run = promisify(execFile);

test('the alert of an open circuit says nothing of a host that nobody calls any more', async () => {
  const { stdout, stderr } = await run('promtool', [
    'test',
    'rules',
    `${import.meta.dirname}/circuit.test.yml`,
  ]).catch(error => error);
  expect(stdout + stderr).not.toContain('FAILED');
});

interface Samples {
  readonly levels: number[];
  readonly refused: number[];
  readonly made: number[];
}

/** What Prometheus sees every five seconds of ten calls a second, of which a tenth goes where nobody answers. */
async function brownout(): Promise<Samples> {
  const samples: Samples = { levels: [], refused: [], made: [] };
  const random = seededRandom(1);
  let refused = 0;
  let made = 0;
  const transport = (input: unknown, init?: RequestInit) =>
    String(input).endsWith('down')
      ? new Promise<Response>((_, reject) =>
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)),
        )
      : Promise.resolve(statusResponse(200));
  const { fetch, clock } = harness({
    fetch: transport as never,
    attemptTimeoutMs: 1_000,
    circuitBreaker: false,
    observe: event => {
      if (event.type === 'retry-refused' && event.reason === 'budget-empty') refused++;
      if (event.type === 'attempt-end' && event.attempt > 1) made++;
    },
  });
  for (let tick = 0; tick < 10 * 900; tick++) {
    void fetch(`${url}?${random() < 0.1 ? 'down' : 'up'}`).then(
      response => response.text(),
      () => {},
    );
    await clock.advance(100);
    if (tick % 50 !== 49) continue;
    samples.levels.push(fetch.hosts.get('payments.test')?.retryBudget?.tokens ?? 0);
    samples.refused.push(refused);
    samples.made.push(made);
  }
  await fetch.close();
  return samples;
}

test('the alert of an empty budget fires where two of three retries are refused for want of it', async () => {
  const { levels, refused, made } = await brownout();
  expect(refused.at(-1)).toBeGreaterThan(1.5 * (made.at(-1) ?? 0));
  const labels = 'job="shop", instance="a", holdfast_host="https://payments.test"';
  const file = join(await mkdtemp(join(tmpdir(), 'rules-')), 'budget.test.yml');
  await writeFile(
    file,
    `rule_files: [${resolve('examples/observability/alerts.yml')}]
evaluation_interval: 5s
tests:
  - interval: 5s
    input_series:
      - series: 'holdfast_retry_budget_level{${labels}}'
        values: '${levels.join(' ')}'
      - series: 'holdfast_retry_refusals_total{${labels}, holdfast_reason="budget-empty"}'
        values: '${refused.join(' ')}'
      - series: 'holdfast_retry_attempts_total{${labels}, holdfast_reason="TIMEOUT", holdfast_outcome="transient"}'
        values: '${made.join(' ')}'
    promql_expr_test:
      - expr: count(ALERTS{alertname="HoldfastRetryBudgetEmpty", alertstate="firing"})
        eval_time: 14m
        exp_samples: [{ labels: '{}', value: 1 }]
`,
  );
  const { stdout, stderr } = await run('promtool', ['test', 'rules', file]).catch(error => error);
  expect(stdout + stderr).not.toContain('FAILED');
}, 120_000);
