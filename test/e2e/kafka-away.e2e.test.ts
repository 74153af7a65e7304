import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectDevice, enrol } from '../support/enrolled-device.js';
import { startFleetlog, type FleetlogProcess } from '../support/fleetlog-process.js';
import { readJournal, systemStatus, untilRelayed } from '../support/journal-lines.js';
import { freshTopics, sharedBroker } from '../support/kafka.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleetlog-away-'));
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const topics = freshTopics();
const start = (kafkaBrokers: string): Promise<FleetlogProcess> =>
  startFleetlog({
    dataDir: join(folder, 'data'),
    databaseUrl: database.url,
    kafkaBrokers,
    env: { KAFKA_TOPIC: topics.eventsTopic, KAFKA_CHECKPOINT_TOPIC: topics.checkpointTopic },
  });

test('a Kafka that is attached later gets everything from position 0', async () => {
  const alone = await start('off');
  const device = await enrol(alone, 'pump-1');
  const client = await connectDevice(device, alone.ready.mqttsPort!);
  const sent = Array.from({ length: 30 }, (_, n) =>
    client.publishAsync('devices/pump-1/telemetry', JSON.stringify({ n }), { qos: 1 }),
  );
  await Promise.all(sent);
  await client.endAsync();
  expect((await systemStatus(alone)).relay.state).toBe('off');
  expect((await alone.call('POST', '/system/relay/verify')).status).toBe(409);
  await alone.stop();

  const attached = await start(sharedBroker());
  await untilRelayed(attached);
  const report = await (await attached.call('POST', '/system/relay/verify')).json();
  const records = (await readJournal(attached)).length;
  expect(report).toMatchObject({ records, gaps: 0, duplicates: 0, inversions: 0, differences: 0, first: null });
  await attached.stop();
}, 60_000);
