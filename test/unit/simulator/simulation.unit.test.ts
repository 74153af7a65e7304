import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulation, type Simulation, type SimulationOptions } from '../../../src/edge/simulator/simulator.js';
import { startBareBroker, type BareBroker } from './bare-broker.js';
import { startContractServer, type ContractServer } from './contract-server.js';
import { until } from '../../support/until.js';

const ROWS = 1_461;
const YEARS = [2012, 2013, 2014, 2015];
const STATIONS = ['seattle', 'newyork'].flatMap((place) => YEARS.map((year) => `${place}-${year}`));

let server: ContractServer;
let broker: BareBroker;
let dataDir: string;
const simulations: Simulation[] = [];
beforeEach(async () => {
  [server, broker] = await Promise.all([startContractServer(), startBareBroker()]);
  dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-simulation-'));
});
afterEach(async () => {
  await Promise.all(simulations.splice(0).map((simulation) => simulation.stop()));
  await Promise.all([server.close(), broker.stop()]);
  await rm(dataDir, { recursive: true, force: true });
});

async function start(options: Partial<SimulationOptions> = {}): Promise<Simulation> {
  const { url, token } = server;
  const simulation = await startSimulation({
    url,
    token,
    mqttUrl: broker.url,
    dataDir,
    recording: 'weather',
    ...options,
  });
  simulations.push(simulation);
  return simulation;
}

interface Sent {
  readonly id: string;
  readonly ts: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What arrived of a device, repetitions included. */
const recordsOf = (device: string): Sent[] =>
  broker.arrived
    .filter(({ client }) => client === device)
    .flatMap(({ payload }) => JSON.parse(payload) as Sent | Sent[]);

const weatherIds = Array.from({ length: ROWS }, (_, index) => `weather-${index}`);

describe('one pass of the recording', () => {
  test('sends 1,461 records of each of the eight stations, once and in order, and is finished then', async () => {
    const simulation = await start({ once: true });
    await simulation.finished;
    expect(simulation.devices).toEqual(STATIONS);
    expect(simulation.stats()).toMatchObject({ sent: 8 * ROWS, acknowledged: 8 * ROWS, buffered: 0, dropped: 0 });
    for (const station of STATIONS) {
      const records = recordsOf(station);
      expect(records.map(({ id }) => id)).toEqual(weatherIds);
      expect(records[0]?.values['day']).toBe(`${station.slice(-4)}-01-01`);
    }
  });

  test('reaches the platform whole through faults and a restart, with the same ids in each run', async () => {
    const faults = { drop: 0.1, duplicate: 0.1, reorder: 0.1 };
    const simulation = await start({ once: true, seed: 42, faults });
    await broker.stop();
    await broker.start();
    await simulation.finished;
    for (const station of STATIONS) {
      expect(new Set(recordsOf(station).map(({ id }) => id))).toEqual(new Set(weatherIds));
    }
  });

  test('is refused of made-up values, which have no end', async () => {
    await expect(start({ once: true, recording: { devices: 1, ratePerSecond: 1 } })).rejects.toThrow('once');
  });
});

describe('the demo fleet', () => {
  test('registers ten devices and enrols all but the one that never connects', async () => {
    const simulation = await start();
    expect(simulation.devices).toEqual([...STATIONS, 'spare-01', 'flaky-01']);
    expect(simulation.stats().connected).toBe(9);
    expect(server.devices.get('spare-01')).toEqual([]);
    expect(server.devices.get('flaky-01')).toHaveLength(1);
    expect(new Set(broker.connects)).toEqual(new Set([...STATIONS, 'flaky-01']));
  });

  test('sends its past up to now, and goes on live from the first day of the recording', async () => {
    const startedAt = Date.now();
    await start();
    await until('live records arrived', () => recordsOf('seattle-2013').length >= ROWS + 2);
    const records = recordsOf('seattle-2013');
    const [last, firstLive] = [records[ROWS - 1]!, records[ROWS]!];
    expect(last.values['day']).toBe('2012-12-31');
    expect(firstLive.values['day']).toBe('2013-01-01');
    expect(last.ts).toBeGreaterThanOrEqual(startedAt);
    expect(firstLive.ts).toBeGreaterThan(last.ts);
    expect(recordsOf('flaky-01')[ROWS - 1]!.ts).toBe(last.ts + 90_000);
  });

  test('of a second start keeps its certificates and takes other message ids', async () => {
    await (await start()).stop();
    const first = new Set(recordsOf('seattle-2012').map(({ id }) => id));
    broker.arrived.length = 0;
    await start();
    await until('the past arrived', () => recordsOf('seattle-2012').length >= ROWS);
    expect(recordsOf('seattle-2012').filter(({ id }) => first.has(id))).toEqual([]);
    expect(server.devices.get('seattle-2012')).toHaveLength(1);
  });
});

describe('a simulation', () => {
  test('of made-up devices measures at the rate asked for, until it is stopped', async () => {
    const simulation = await start({ recording: { devices: 3, ratePerSecond: 20 } });
    await until('records arrived', () => simulation.stats().acknowledged >= 60);
    await simulation.stop();
    const { length } = broker.arrived;
    expect(simulation.devices).toEqual(['simulated-001', 'simulated-002', 'simulated-003']);
    await simulation.finished;
    await until('all sockets are closed', () => broker.sockets.size === 0);
    expect(broker.arrived).toHaveLength(length);
  });

  test('tells its progress', async () => {
    let acknowledged = 0;
    const simulation = await start({
      once: true,
      onProgress: (statistics) => (acknowledged = statistics.acknowledged),
    });
    await simulation.finished;
    expect(acknowledged).toBe(8 * ROWS);
  });

  test('whose start is ended leaves no connection', async () => {
    broker.isRefusing = true;
    const abort = new AbortController();
    const starting = start({ signal: abort.signal });
    starting.catch(() => undefined);
    await until('devices tried to connect', () => broker.connects.length > 0);
    abort.abort();
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
    await until('all sockets are closed', () => broker.sockets.size === 0);
  });

  test('without the right to register devices fails with the code of the server', async () => {
    await expect(start({ token: 'wrong' })).rejects.toMatchObject({ code: 'TOKEN_MISSING' });
    expect(broker.connects).toEqual([]);
  });
});
