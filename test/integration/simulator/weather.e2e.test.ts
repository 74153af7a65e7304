import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulation, type Simulation, type SimulationOptions } from '../../../src/edge/simulator/simulator.js';
import { startFleetlog, type FleetlogProcess } from '../../support/fleetlog-process.js';
import { until } from '../../support/until.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

const ROWS = 1_461;
const WEATHER_IDS = Array.from({ length: ROWS }, (_, index) => `weather-${index}`);
const STATIONS = ['seattle', 'newyork'].flatMap((place) => [2012, 2013, 2014, 2015].map((year) => `${place}-${year}`));

let database: TestDatabase;
let dataDir: string;
let server: FleetlogProcess;
let simulation: Simulation | undefined;
beforeEach(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-weather-'));
  server = await startServer();
});
afterEach(async () => {
  await simulation?.stop();
  simulation = undefined;
  await server.stop();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const startServer = (env: Record<string, string> = {}): Promise<FleetlogProcess> =>
  startFleetlog({ dataDir, databaseUrl: database.url, env });

async function startWeather(options: Partial<SimulationOptions> = {}): Promise<Simulation> {
  const { url, token, mqtt } = server.ready;
  if (mqtt === null) throw new Error('the listener for mutual TLS is off');
  simulation = await startSimulation({ url, token, mqttUrl: mqtt, dataDir, recording: 'weather', ...options });
  return simulation;
}

interface JournaledEvent {
  readonly device: string | null;
  readonly type: string;
  readonly sequence: number;
  readonly payload: { readonly id?: string; readonly values?: Readonly<Record<string, unknown>> };
}

/** All events of the journal, by device, in the order of its stream. */
async function journal(): Promise<Map<string, JournaledEvent[]>> {
  const response = await server.call('GET', '/events', undefined, { accept: 'application/x-ndjson' });
  const lines = (await response.text()).trim().split('\n');
  const byDevice = new Map<string, JournaledEvent[]>();
  for (const line of lines) {
    const event = JSON.parse(line) as JournaledEvent;
    byDevice.set(event.device ?? '', [...(byDevice.get(event.device ?? '') ?? []), event]);
  }
  return byDevice;
}

async function journaledIds(): Promise<Map<string, (string | undefined)[]>> {
  const ids = new Map<string, (string | undefined)[]>();
  for (const [device, events] of await journal()) {
    const telemetry = events.filter(({ type }) => type === 'TelemetryRecorded');
    if (telemetry.length > 0)
      ids.set(
        device,
        telemetry.map(({ payload }) => payload.id),
      );
  }
  return ids;
}

describe('one pass of the recorded weather', () => {
  test('is in the journal as 1,461 records of each of the eight stations, once and in order', async () => {
    await (
      await startWeather({ once: true })
    ).finished;
    expect(await journaledIds()).toEqual(new Map(STATIONS.map((station) => [station, WEATHER_IDS])));
  });

  test('is in the journal once and in order also when the server was killed under way', async () => {
    const { url, mqttsPort } = server.ready;
    const pass = await startWeather({ once: true });
    await server.kill();
    expect(pass.stats().buffered).toBeGreaterThan(0);
    server = await startServer({ HTTP_PORT: new URL(url).port, MQTTS_PORT: String(mqttsPort) });
    await pass.finished;
    expect(pass.stats().acknowledged).toBe(8 * ROWS);
    expect(await journaledIds()).toEqual(new Map(STATIONS.map((station) => [station, WEATHER_IDS])));
  }, 60_000);

  test('is in the journal once through lost, doubled and overtaken sends', async () => {
    const faults = { drop: 0.05, duplicate: 0.1, reorder: 0.05 };
    await (
      await startWeather({ once: true, seed: 42, faults })
    ).finished;
    const ids = await journaledIds();
    expect([...ids.keys()].sort()).toEqual([...STATIONS].sort());
    for (const stationIds of ids.values()) {
      expect(stationIds).toHaveLength(ROWS);
      expect(new Set(stationIds)).toEqual(new Set(WEATHER_IDS));
    }
  });
});

describe('the demo fleet', () => {
  test('is registered, and connected over mutual TLS but for the device that never connects', async () => {
    await startWeather();
    const connected = await until('nine devices are connected in the list', async () => {
      const { items } = (await (await server.call('GET', '/devices')).json()) as {
        items: { id: string; connected: boolean }[];
      };
      expect(items).toHaveLength(10);
      const ids = items.filter((device) => device.connected).map(({ id }) => id);
      return ids.length === 9 ? ids : undefined;
    });
    expect(new Set(connected)).toEqual(new Set([...STATIONS, 'flaky-01']));
  });

  test('of a second start uses the certificates of the first', async () => {
    await (await startWeather()).stop();
    await startWeather();
    const answer = await server.call('GET', '/devices/seattle-2012/certificates');
    expect(((await answer.json()) as { items: unknown[] }).items).toHaveLength(1);
  });
});
