import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pollAfter } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const folder = 'examples/observability';
const run = promisify(execFile);

/** Prometheus comes with `scripts/install-system-packages.sh`, which runs before the tests. */
const promtool = (...args: string[]) => run('promtool', args, { cwd: folder });

describe('promtool', () => {
  test('accepts the alert rules', async () => {
    expect((await promtool('check', 'rules', 'alerts.yml')).stdout).toContain('SUCCESS');
  });

  test('sees every alert fire where it should, and nowhere else', async () => {
    expect((await promtool('test', 'rules', 'alerts.test.yml')).stdout).toContain('SUCCESS');
    const [rules, tests] = await Promise.all([read('alerts.yml'), read('alerts.test.yml')]);
    const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    expect(
      alerts.filter(name => !tests.includes(`alertname: ${name}\n        exp_alerts:\n          -`)),
    ).toEqual([]);
  });

  test('accepts the scrape configuration', async () => {
    expect((await promtool('check', 'config', 'prometheus.yml')).stdout).toContain('SUCCESS');
  });
});

const read = (file: string) => readFile(join(folder, file), 'utf8');

interface Panel {
  readonly targets: readonly { readonly expr: string }[];
}

const expressionsOf = async () => {
  const { panels } = JSON.parse(await read('dashboard.json')) as { panels: Panel[] };
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
};

/** The real Prometheus looks at the real program; both are stopped whatever happens. */
describe('the real Prometheus, scraping the example while its services fail', () => {
  test('sees the alerts fire, and knows every metric of rules and dashboard', {
    timeout: 120_000,
  }, async () => {
    await using lab = await startLab();
    const wanted = ['HoldfastCircuitOpenTooLong', 'HoldfastErrorRatioHigh', 'HoldfastRetrySuccessRatioLow'];
    const isFiring = async () => {
      const { alerts } = await lab.query<{ alerts: { state: string; labels: { alertname: string } }[] }>(
        'alerts',
      );
      const firing = alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
      return wanted.every(name => firing.includes(name));
    };
    await until(isFiring, 'the alerts to fire');

    const known = await lab.query<string[]>('label/__name__/values');
    const expressions = await expressionsOf();
    const used =
      [...expressions, await read('alerts.yml')].join('\n').match(/\b(?:holdfast|http_client)_\w+/g) ?? [];
    const labels = /^holdfast_(?:host|outcome|reason|breaker_from|because)$/;
    const metrics = new Set(used.filter(name => !labels.test(name)));
    // Nothing pauses a host in the example, so the counter of that has no series.
    expect([...metrics].filter(name => !known.includes(name))).toEqual(['holdfast_host_pauses_total']);

    for (const expression of expressions) {
      const query = expression.replaceAll('$__rate_interval', '30s').replaceAll('"$host"', '".+"');
      await expect(lab.query(`query?query=${encodeURIComponent(query)}`)).resolves.toBeDefined();
    }
  });
});

/** Polls: what is waited for happens in other processes, on their own time. */
async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await isSo().catch(() => false)) return;
    await pollAfter(500);
  }
  throw new Error(`Waited in vain for ${what}.`);
}

async function startLab() {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-prometheus-'));
  const [port, metricsPort] = [await freePort(), await freePort()];
  const rules = (await read('alerts.yml'))
    .replaceAll(/for: \d+m/g, 'for: 1s')
    .replaceAll(/\[(?:1|5)m\]/g, '[10s]');
  await writeFile(join(dir, 'alerts.yml'), rules);
  await writeFile(
    join(dir, 'prometheus.yml'),
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [alerts.yml]
scrape_configs: [{ job_name: example, static_configs: [{ targets: ['127.0.0.1:${metricsPort}'] }] }]
`,
  );
  const example = start(process.execPath, [
    `${folder}/main.ts`,
    ...['--port', String(metricsPort), '--seconds', '110'],
  ]);
  const prometheus = start('prometheus', [
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]);
  return {
    async query<Data>(path: string): Promise<Data> {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
      const { status, data, error } = (await response.json()) as {
        status: string;
        data: Data;
        error: string;
      };
      if (status !== 'success') throw new Error(error);
      return data;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([stop(example), stop(prometheus)]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const start = (command: string, args: readonly string[]): ChildProcess =>
  spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}
