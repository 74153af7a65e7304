import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import {
  connectDevice,
  type DeviceClient,
  type DeviceClientOptions,
} from '../../../src/edge/simulator/device-client.js';
import { createFaultSource } from '../../../src/edge/simulator/faults.js';
import { createRandom } from '../../../src/edge/simulator/random.js';
import { createTestAuthority } from '../../support/mqtt-certificates.js';
import { startBareBroker, type BareBroker } from './bare-broker.js';
import { until } from '../../support/until.js';

let broker: BareBroker;
const clients: DeviceClient[] = [];
beforeEach(async () => void (broker = await startBareBroker()));
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop(0)));
  await broker.stop();
});

function connect(options: Partial<DeviceClientOptions> = {}): DeviceClient {
  const client = connectDevice({
    deviceId: 'device-1',
    mqttUrl: broker.url,
    credential: { key: '', certificate: '', ca: '' },
    random: createRandom(1),
    nextFault: () => 'none',
    ...options,
  });
  clients.push(client);
  return client;
}

const idOf = (index: number): string => `id-${String(index).padStart(3, '0')}`;
const ids = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, index) => idOf(from + index));
const arrivedIds = (): string[] => broker.arrived.map(({ payload }) => (JSON.parse(payload) as { id: string }).id);

function measure(client: DeviceClient, from: number, to: number): void {
  for (const id of ids(from, to))
    client.send({ topic: 'devices/device-1/telemetry', payload: `{"id":"${id}"}`, records: 1 });
}

const untilAcknowledged = (client: DeviceClient): Promise<true> =>
  until('everything is acknowledged', () => client.statistics().buffered === 0);

describe('a device', () => {
  test('sends what it measured before its first connection', async () => {
    const client = connect();
    measure(client, 0, 300);
    await untilAcknowledged(client);
    expect(arrivedIds()).toEqual(ids(0, 300));
    expect(client.statistics()).toEqual({ sent: 300, acknowledged: 300, buffered: 0, dropped: 0 });
  });

  test('measures on while the broker is away, and then sends all of it once and in order', async () => {
    const client = connect();
    measure(client, 0, 10);
    await untilAcknowledged(client);
    await broker.stop();
    await until('the connection is lost', () => !client.isConnected());
    measure(client, 10, 40);
    expect(client.statistics().buffered).toBe(30);
    await broker.start();
    await untilAcknowledged(client);
    expect(arrivedIds()).toEqual(ids(0, 40));
  });

  test('sends what was not acknowledged again with the same ids, ahead of what is newer', async () => {
    const client = connect();
    broker.isHolding = true;
    measure(client, 0, 20);
    await until('the first messages arrived', () => broker.arrived.length === 20);
    await broker.stop();
    await until('the connection is lost', () => !client.isConnected());
    measure(client, 20, 30);
    broker.isHolding = false;
    await broker.start();
    await untilAcknowledged(client);
    expect(arrivedIds()).toEqual([...ids(0, 20), ...ids(0, 30)]);
    expect(client.statistics()).toEqual({ sent: 50, acknowledged: 30, buffered: 0, dropped: 0 });
  });

  test('outlives one restart of the broker after the other', async () => {
    const client = connect();
    for (let round = 0; round < 3; round++) {
      measure(client, round * 10, round * 10 + 10);
      await untilAcknowledged(client);
      await broker.stop();
      await until('the connection is lost', () => !client.isConnected());
      await broker.start();
    }
    await until('the connection is back', () => client.isConnected());
    expect(arrivedIds()).toEqual(ids(0, 30));
  });

  test('has fewer records on their way than the platform remembers ids', async () => {
    const client = connect();
    broker.isHolding = true;
    for (let index = 0; index < 20; index++) {
      client.send({ topic: 't', payload: `{"id":"${idOf(index)}"}`, records: 100 });
    }
    await until('messages arrived', () => broker.arrived.length >= 10);
    expect(client.statistics()).toMatchObject({ sent: 1_000, buffered: 2_000 });
  });

  test('whose buffer is full gives up its oldest records, and tells how many', async () => {
    await broker.stop();
    const client = connect({ maxBufferedRecords: 5 });
    measure(client, 0, 8);
    expect(client.statistics()).toMatchObject({ buffered: 5, dropped: 3 });
    await broker.start();
    await untilAcknowledged(client);
    expect(arrivedIds()).toEqual(ids(3, 8));
  });

  test('tries again when it is refused, and tells why', async () => {
    broker.isRefusing = true;
    const client = connect();
    await until('it tried twice', () => broker.connects.length >= 2);
    expect(client.isConnected()).toBe(false);
    expect(client.lastFault()).toContain('Not authorized');
    broker.isRefusing = false;
    await until('it is connected', () => client.isConnected());
  });

  test('gets every record through lost, doubled and overtaken sends and a restart', async () => {
    const faults = { drop: 0.1, duplicate: 0.1, reorder: 0.1 };
    const client = connect({ nextFault: createFaultSource(faults, createRandom(42)) });
    measure(client, 0, 100);
    await until('some arrived', () => broker.arrived.length > 50);
    await broker.stop();
    measure(client, 100, 200);
    await broker.start();
    await untilAcknowledged(client);
    expect([...new Set(arrivedIds())].sort()).toEqual(ids(0, 200));
    expect(arrivedIds().length).toBeGreaterThan(200);
    expect(client.statistics().acknowledged).toBe(200);
  });

  test('proves who it is over mutual TLS', async () => {
    const authority = await createTestAuthority();
    const [own, leaf] = await Promise.all([authority.server(), authority.device('default', 'device-1')]);
    const secure = await startBareBroker({ key: own.key, cert: own.cert, ca: authority.cert, requestCert: true });
    try {
      const credential = { key: leaf.key, certificate: leaf.cert, ca: authority.cert };
      const client = connect({ mqttUrl: secure.url, credential });
      measure(client, 0, 1);
      await untilAcknowledged(client);
      expect(secure.connects).toEqual(['device-1']);
      await client.stop(0);
    } finally {
      await secure.stop();
    }
  });

  test('does not speak to a server of another authority', async () => {
    const [authority, stranger] = await Promise.all([createTestAuthority(), createTestAuthority('Stranger')]);
    const [own, leaf] = await Promise.all([stranger.server(), authority.device('default', 'device-1')]);
    const secure = await startBareBroker({ key: own.key, cert: own.cert });
    try {
      const credential = { key: leaf.key, certificate: leaf.cert, ca: authority.cert };
      const client = connect({ mqttUrl: secure.url, credential });
      await until('it gave up', () => client.lastFault() !== undefined);
      expect(secure.connects).toEqual([]);
      await client.stop(0);
    } finally {
      await secure.stop();
    }
  });
});

describe('the stop of a device', () => {
  test('waits for what is on its way, then closes', async () => {
    const client = connect();
    await until('it is connected', () => client.isConnected());
    measure(client, 0, 100);
    await client.stop(20_000);
    expect(client.statistics()).toMatchObject({ acknowledged: 100, buffered: 0 });
    await until('its socket is closed', () => broker.sockets.size === 0);
  });

  test('gives up what nobody acknowledges', async () => {
    const client = connect();
    broker.isHolding = true;
    measure(client, 0, 3);
    await until('they arrived', () => broker.arrived.length === 3);
    await client.stop(50);
    expect(client.statistics().buffered).toBe(3);
    await until('its socket is closed', () => broker.sockets.size === 0);
  });

  test('without a connection waits for nothing and connects no more', async () => {
    await broker.stop();
    const client = connect();
    measure(client, 0, 3);
    await until('it failed once', () => client.lastFault() !== undefined);
    await client.stop(20_000);
    await broker.start();
    await delay(700); // longer than the first pause before a new connection
    expect(client.isConnected()).toBe(false);
    expect(broker.connects).toEqual([]);
  });
});
