import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalKafka, type LocalKafka } from '../../src/transport/kafka/local-broker.js';
import { connectDevice, enrol, type EnrolledDevice } from '../support/enrolled-device.js';
import { startFleetlog, type FleetlogOptions, type FleetlogProcess } from '../support/fleetlog-process.js';
import { readJournal, systemStatus, untilRelayed } from '../support/journal-lines.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';

let folder: string;
let database: TestDatabase;
let kafka: LocalKafka;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleetlog-away-'));
  database = await createTestDatabase();
  kafka = await startLocalKafka({ dataDir: join(folder, 'kafka') });
}, 90_000);
afterAll(async () => {
  await kafka.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

const options = (kafkaBrokers: string): FleetlogOptions => ({
  dataDir: join(folder, 'data'),
  databaseUrl: database.url,
  kafkaBrokers,
});

async function publish(server: FleetlogProcess, device: EnrolledDevice, count: number): Promise<void> {
  const client = await connectDevice(device, server.ready.mqttsPort!);
  const sent = Array.from({ length: count }, (_, n) =>
    client.publishAsync(`devices/${device.id}/telemetry`, JSON.stringify({ n }), { qos: 1 }),
  );
  await Promise.all(sent);
  await client.endAsync();
}

async function verified(server: FleetlogProcess): Promise<void> {
  await untilRelayed(server);
  const report = await (await server.call('POST', '/system/relay/verify')).json();
  const records = (await readJournal(server)).length;
  expect(report).toMatchObject({ records, gaps: 0, duplicates: 0, inversions: 0, differences: 0, first: null });
}

test('a Kafka that is attached later gets everything from position 0', async () => {
  const alone = await startFleetlog(options('off'));
  const device = await enrol(alone, 'pump-1');
  await publish(alone, device, 30);
  expect((await systemStatus(alone)).relay.state).toBe('off');
  expect((await alone.call('POST', '/system/relay/verify')).status).toBe(409);
  await alone.stop();

  const attached = await startFleetlog(options(kafka.brokers));
  await verified(attached);
  await attached.stop();
}, 60_000);

test('I5 a killed Kafka delays no PUBACK: events wait in the journal, the lag is told, and the rest follows in order', async () => {
  const server = await startFleetlog(options(kafka.brokers));
  const device = await enrol(server, 'pump-2');
  process.kill(kafka.pid, 'SIGKILL');
  await publish(server, device, 200);
  await until('the relay waits', async () => (await systemStatus(server)).relay.state === 'waiting');
  const { shards } = await systemStatus(server);
  expect(shards.reduce((sum, { lagEvents }) => sum + lagEvents, 0)).toBeGreaterThanOrEqual(200);
  const ready = await fetch(`${server.ready.url}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({ status: 'degraded', parts: { kafka: { state: 'degraded' } } });

  kafka = await startLocalKafka({ dataDir: join(folder, 'kafka'), port: Number(kafka.brokers.split(':')[1]) });
  await verified(server);
  await server.stop();
}, 120_000);
