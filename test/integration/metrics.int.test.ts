import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { startFleetlog, type FleetlogProcess } from '../support/fleetlog-process.js';
import { createEmptyDatabase, type TestDatabase } from '../support/postgres.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
}

let database: TestDatabase;
let server: FleetlogProcess;
let folder: string;
/** Name and kind of each metric of a running server. */
let registered: Map<string, string>;
let rules: readonly Rule[];
let panels: readonly Panel[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleetlog-metrics-'));
  database = await createEmptyDatabase();
  const kafkaBrokers = process.env.FLEETLOG_TEST_KAFKA ?? '';
  const id = Date.now().toString(36);
  const env = { KAFKA_TOPIC: `metrics-${id}`, KAFKA_CHECKPOINT_TOPIC: `metrics-${id}-checkpoints` };
  server = await startFleetlog({ dataDir: join(folder, 'data'), databaseUrl: database.url, kafkaBrokers, env });
  const text = await (await fetch(`${server.ready.url}/metrics`)).text();
  registered = new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, kind]) => [name!, kind!]));
  rules = (parse(await read('docs/reference/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups[0]!.rules;
  panels = (JSON.parse(await read('docs/reference/grafana-dashboard.json')) as { panels: Panel[] }).panels;
}, 60_000);
afterAll(async () => {
  await server.stop();
  await database.drop();
  await rm(folder, { recursive: true });
});

/** Metrics that a query names; a histogram is asked by one of its three series. */
function metricsIn(expression: string): string[] {
  const names = expression.match(/\b(?:fleetlog|process|nodejs)_\w+/g) ?? [];
  return names.map((name) => {
    const histogram = name.replace(/_(?:bucket|sum|count)$/, '');
    return registered.get(histogram) === 'histogram' ? histogram : name;
  });
}

const missing = (expressions: readonly string[]): string[] =>
  expressions.flatMap(metricsIn).filter((name) => !registered.has(name));

describe('metrics', () => {
  test('the table in the documentation and a running server name the same metrics, of the same kinds', async () => {
    const table = await read('docs/reference/metrics.md');
    const documented = [...table.matchAll(/^\| `(fleetlog_\w+)` +\| (\w+)/gm)].map(
      ([, name, kind]) => `${name} ${kind}`,
    );
    const running = [...registered].filter(([name]) => name.startsWith('fleetlog_')).map((pair) => pair.join(' '));
    expect(running.sort()).toEqual(documented.sort());
  });

  test('every metric that an alert or a panel asks for is there', () => {
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(queries.length).toBeGreaterThan(30);
    expect(missing(queries)).toEqual([]);
    expect(missing(rules.map(({ expr }) => expr))).toEqual([]);
    expect(missing(['rate(fleetlog_no_such_total[1m])'])).toEqual(['fleetlog_no_such_total']);
  });

  test('a histogram is asked by its series, never by its bare name', () => {
    const queries = [
      ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      ...rules.map(({ expr }) => expr),
    ];
    const bare = queries.filter((query) =>
      (query.match(/\bfleetlog_\w+/g) ?? []).some((name) => registered.get(name) === 'histogram'),
    );
    expect(bare).toEqual([]);
  });
});

test('each panel has a title and a unit, and the rows are those of the handbook', () => {
  const charts = panels.filter(({ type }) => type !== 'row');
  for (const { title, fieldConfig } of charts) expect([title, fieldConfig?.defaults.unit]).not.toContain(undefined);
  const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title);
  expect(rows).toEqual(['Ingest', 'Journal', 'Relay and subscriptions', 'Devices', 'Node']);
});

test('each alert has a page that names it and says what it means, what to look at and what to do', async () => {
  for (const { alert, annotations } of rules) {
    expect([alert, existsSync(join(ROOT, annotations.runbook_url))]).toEqual([alert, true]);
    const page = await read(annotations.runbook_url);
    for (const part of [`\`${alert}\``, '## What it means', '## Look at', '## Do']) expect(page).toContain(part);
    expect(page.split('\n')[0]).toBe(`# ${annotations.summary}`);
  }
});
