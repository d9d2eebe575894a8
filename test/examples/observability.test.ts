import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pollAfter } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { runProgram } from '../support/run-program.ts';

const folder = new URL('../../examples/observability/', import.meta.url);
const read = (file: string) => readFile(new URL(file, folder), 'utf8');

/** Without the two variables that make Node warn on standard error when a test runner sets one of them. */
const { FORCE_COLOR, NO_COLOR, ...env } = process.env;

/** Long enough for a machine ten times slower than ours. */
const LIMIT_MS = 180_000;

function requirePrograms(): void {
  for (const program of ['prometheus', 'promtool']) {
    if (spawnSync(program, ['--version']).error)
      throw new Error(
        `\`${program}\` is not installed. As root: bash scripts/install-system-packages.sh (the Debian package prometheus).`,
      );
  }
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  for: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Rules {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}

interface RuleTests {
  readonly tests: readonly {
    readonly input_series: readonly { readonly series: string }[];
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly unknown[];
    }[];
  }[];
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const rulesOf = async () => (parse(await read('alerts.yml')) as Rules).groups.flatMap(({ rules }) => rules);
const ruleTestsOf = async () => (parse(await read('alerts.test.yml')) as RuleTests).tests;

/** What the dashboard asks, as Grafana would ask it, by the title of the panel. */
async function queriesOf(): Promise<readonly (readonly [string, string])[]> {
  const { panels } = JSON.parse(await read('dashboard.json')) as Dashboard;
  return panels.flatMap(({ title, targets }) =>
    targets.map(
      ({ expr }) => [title, expr.replaceAll('$__rate_interval', '1m').replaceAll('$host', '.+')] as const,
    ),
  );
}

/** The metrics and the labels that an expression names. */
function namesIn(expression: string): { metrics: string[]; labels: string[] } {
  const labels: string[] = [];
  const note = (list: string) => {
    labels.push(...(list.match(/[a-z_]+/g) ?? []));
    return ' ';
  };
  const bare = expression
    .replace(/"[^"]*"/g, '')
    .replace(/\{([^}]*)\}/g, (_, list: string) => note(list))
    .replace(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g, (_, list: string) => note(list))
    .replace(/\[[^\]]*\]/g, '');
  const words = bare.match(/\b[a-z_]+\b(?!\s*\()/g) ?? [];
  return { metrics: words.filter(word => !/^(?:and|or|unless|bool)$/.test(word)), labels };
}

describe('promtool', () => {
  beforeEach(requirePrograms);

  const promtool = (...args: string[]) =>
    promisify(execFile)('promtool', args, { cwd: fileURLToPath(folder) });

  test('accepts the alert rules', async () => {
    expect((await promtool('check', 'rules', 'alerts.yml')).stdout).toContain('SUCCESS: 5 rules found');
  });

  test('accepts the scrape configuration', async () => {
    expect((await promtool('check', 'config', 'prometheus.yml')).stdout).toContain('SUCCESS');
  });

  test('sees every alert fire where it should, and nowhere else', async () => {
    expect((await promtool('test', 'rules', 'alerts.test.yml')).stdout).toContain('SUCCESS');
  });

  test('is asked of every alert that it fires and that it does not', async () => {
    const asked = (await ruleTestsOf()).flatMap(({ alert_rule_test }) => alert_rule_test);
    for (const { alert } of await rulesOf()) {
      const counts = asked.filter(({ alertname }) => alertname === alert).map(each => each.exp_alerts.length);
      expect(counts, alert).toContain(0);
      expect(Math.max(...counts), alert).toBeGreaterThan(0);
    }
  });
});

test('every alert says what it is and what to do', async () => {
  for (const { alert, annotations } of await rulesOf()) {
    expect(annotations.summary, alert).toMatch(/\{\{ \$labels\.holdfast_host \}\}/);
    expect(annotations.description, alert).toMatch(/\b(?:look|see|compare)\b/i);
  }
});

/** The real Prometheus looks at the real program; all of it is stopped whatever happens. */
describe('the real Prometheus, scraping an example that fails and one that is well', () => {
  beforeEach(requirePrograms);

  test('sees alerts fire for the first only, and has an answer to whatever rules and dashboard ask', {
    timeout: LIMIT_MS,
  }, async ({ signal }) => {
    const { query, until } = await startLab(signal);

    const wanted = [
      'HoldfastCircuitOpenTooLong',
      'HoldfastErrorRatioHigh',
      'HoldfastRetryBudgetEmpty',
      'HoldfastRetrySuccessRatioLow',
    ];
    await until('the alerts to fire', async () => {
      expect(await firing()).toEqual(wanted);
    });
    async function firing(): Promise<string[]> {
      const { alerts } = await query<Alerts>('alerts');
      const names = alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
      return [...new Set(names)].sort();
    }

    for (const [title, expression] of await queriesOf()) {
      await until(`an answer to what "${title}" asks: ${expression}`, async () => {
        const { result } = await query<{ result: unknown[] }>('query', { query: expression });
        expect(result).not.toEqual([]);
      });
    }

    const knownMetrics = await query<string[]>('label/__name__/values');
    const knownLabels = await query<string[]>('labels');
    const rules = await rulesOf();
    const expressions = [
      ...(await queriesOf()).map(([, expression]) => expression),
      ...rules.map(({ expr }) => expr),
      ...(await ruleTestsOf()).flatMap(each => each.input_series.map(({ series }) => series)),
    ];
    for (const expression of expressions) {
      const { metrics, labels } = namesIn(expression);
      expect(metrics.length, expression).toBeGreaterThan(0);
      expect(knownMetrics, expression).toEqual(expect.arrayContaining(metrics));
      expect(knownLabels, expression).toEqual(expect.arrayContaining(labels));
    }
    const advice = rules.flatMap(({ annotations }) => Object.values(annotations)).join('\n');
    for (const name of advice.match(/\b(?:holdfast|http)_\w+/g) ?? []) {
      // A histogram is spoken of without the ending of its series.
      expect(
        [...knownMetrics, ...knownLabels].some(each => each === name || each === `${name}_count`),
        name,
      ).toBe(true);
    }

    const { alerts } = await query<Alerts>('alerts');
    expect(alerts.filter(({ labels }) => labels.job !== 'example')).toEqual([]);
    for (const { annotations } of alerts) expect(annotations.summary).not.toContain('no value');
    const { result: well } = await query<{ result: { value: [number, string] }[] }>('query', {
      query: 'sum(holdfast_calls_total{job="well", holdfast_outcome="success"})',
    });
    expect(Number(well[0]?.value[1])).toBeGreaterThan(0);

    // What comes by way of a collector has the names that rules and dashboard know, and the job that it says.
    const collected = { 'match[]': '{job="shop"}' };
    const series = await query<Record<string, string>[]>('series', collected);
    expect(series.map(({ __name__ }) => __name__).sort()).toEqual([
      'holdfast_call_duration_count',
      'holdfast_calls_total',
      'http_client_request_duration_bucket',
    ]);
  });
});

interface Alerts {
  readonly alerts: readonly {
    readonly state: string;
    readonly labels: { readonly alertname: string; readonly job: string };
    readonly annotations: { readonly summary: string };
  }[];
}

interface Scrape {
  readonly job_name: string;
  scrape_interval?: string;
  static_configs: { targets: string[] }[];
}

/** What a collector shows, in its spelling. */
const collectorMetrics = `holdfast_call_duration_seconds_count{job="shop",instance="a"} 1
http_client_request_duration_seconds_bucket{job="shop",instance="a",le="+Inf"} 1
holdfast_calls_total{job="shop",instance="a"} 1
`;

async function startLab(signal: AbortSignal) {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-prometheus-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));

  const collector = createServer((_, response) => response.end(collectorMetrics));
  await once(collector.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    collector.close();
    collector.closeAllConnections();
  });
  const targets: Record<string, string> = {
    example: await startExample('all'),
    well: await startExample('healthy'),
    collector: `127.0.0.1:${(collector.address() as AddressInfo).port}`,
  };

  const rules = parse(await read('alerts.yml')) as Rules;
  for (const rule of rules.groups.flatMap(group => group.rules)) rule.for = '2s';
  await writeFile(join(dir, 'alerts.yml'), stringify(rules));

  const config = parse(await read('prometheus.yml')) as { global: object; scrape_configs: Scrape[] };
  config.global = { scrape_interval: '1s', evaluation_interval: '1s' };
  config.scrape_configs.push({ job_name: 'well', static_configs: [] });
  for (const scrape of config.scrape_configs)
    scrape.static_configs = [{ targets: [targets[scrape.job_name] ?? ''] }];
  await writeFile(join(dir, 'prometheus.yml'), stringify(config));

  const port = await freePort();
  const prometheus = start('prometheus', [
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]);

  return {
    async query<Data>(path: string, parameters: Record<string, string> = {}): Promise<Data> {
      const search = new URLSearchParams(parameters);
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${search}`, { signal });
      const { status, data, error } = (await response.json()) as {
        status: string;
        data: Data;
        error: string;
      };
      if (status !== 'success') throw new Error(error);
      return data;
    },
    /** Polls: what is waited for happens in other processes, on their own time. */
    async until(what: string, check: () => Promise<void>): Promise<void> {
      const endsAt = Date.now() + LIMIT_MS / 2;
      for (;;) {
        try {
          return await check();
        } catch (cause) {
          if (prometheus.exitCode !== null) throw new Error('Prometheus has ended.', { cause });
          if (Date.now() >= endsAt || signal.aborted)
            throw new Error(`Waited in vain for ${what}.`, { cause });
        }
        await pollAfter(250);
      }
    },
  };
}

/** Returns where its metrics are. */
async function startExample(fault: string): Promise<string> {
  const seconds = String(LIMIT_MS / 1_000);
  const args = ['main.ts', '--port', '0', '--seconds', seconds, '--fault', fault];
  const child = start(process.execPath, args);
  for await (const line of createInterface({ input: child.stdout! })) {
    const [, target] = /^metrics: http:\/\/(.+)\/metrics$/.exec(line) ?? [];
    if (target) return target;
  }
  throw new Error('The example has ended without a word about its metrics.');
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  });
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

describe('the example', () => {
  const main = (args: readonly string[], signal: AbortSignal) =>
    runProgram(new URL('main.ts', folder), { args: ['--port', '0', ...args], signal });

  test('stops by itself, and prints spans of calls and attempts if asked', async ({ signal }) => {
    const { code, stdout } = await main(['--seconds', '1', '--fault', '503', '--spans'], signal);
    expect(stdout).toContain("name: 'holdfast GET'");
    expect(stdout).toContain("'http.request.resend_count': 1");
    expect(code).toBe(0);
  });

  test.for([
    [['--seconds', 'abc'], "--seconds must be a whole number from 1 to 3600; got 'abc'."],
    [['--seconds', '3601'], "--seconds must be a whole number from 1 to 3600; got '3601'."],
    [['--fault', 'flood'], "--fault must be one of all, 503, refused, healthy; got 'flood'."],
    [['--fast'], "Unknown option '--fast'"],
  ] as const)('refuses %j and says why', async ([args, message], { signal }) => {
    const { code, stdout, stderr } = await main(args, signal);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

test('the recipe for StatsD sends what it prints', async ({ signal }) => {
  const lines: string[] = [];
  const socket = createSocket('udp4').on('message', line => lines.push(String(line)));
  onTestFinished(() => void socket.close());
  await once(socket.bind(0, '127.0.0.1'), 'listening');

  const { code, stdout } = await runProgram(new URL('statsd.ts', folder), {
    args: [String(socket.address().port)],
    signal,
  });
  expect(code).toBe(0);
  expect(stdout).toContain('holdfast.retries.503:1|c\n');
  const printed = stdout.trim().split('\n');
  while (lines.length < printed.length) await once(socket, 'message', { signal });
  expect(lines).toEqual(printed);
});
