import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { deviceCodec } from '../../../src/actors/device/codec.js';
import { deviceStream, type DeviceEvent } from '../../../src/actors/device/events.js';
import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { openDatabase, type Database } from '../../../src/persistence/database.js';
import { watchExpiringCertificates } from '../../../src/persistence/expiring-certificates.js';
import { createConnectionHistory } from '../../../src/persistence/projections/connection-history.js';
import { createMemoryMeter, createSilentLogger } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { openTestJournal, type TestJournal } from './open-test-journal.js';

const decode = ({ type, schemaVersion, payload, occurredAt }: RecordedEvent) =>
  deviceCodec.decode(type, schemaVersion, payload, occurredAt);
const DAY_MS = 24 * 3_600_000;

let shared: { readonly database: TestDatabase; readonly journal: TestJournal; readonly pool: Database };
beforeAll(async () => {
  const database = await createTestDatabase();
  const journal = await openTestJournal(database.url);
  shared = { database, journal, pool: await openDatabase({ url: database.url, log: createSilentLogger() }) };
});
afterAll(async () => {
  await shared.pool.stop();
  await shared.journal.close();
  await shared.database.drop();
});

const issued = (fingerprint: string, daysLeft: number): DeviceEvent => ({
  type: 'CertificateIssued',
  data: {
    ...{ fingerprint, serial: '1', certificate: 'PEM', keyType: 'EC P-256', publicKeySha256: fingerprint },
    ...{ notBefore: 0, notAfter: Date.now() + daysLeft * DAY_MS },
  },
});
const revoked = (fingerprint: string): DeviceEvent => ({
  type: 'CertificateRevoked',
  data: { fingerprint, reason: 'lost' },
});
const deleted: DeviceEvent = { type: 'DeviceDeleted', data: {} };

async function record(device: string, ...events: DeviceEvent[]): Promise<void> {
  const { journal } = shared;
  const stream = deviceStream('default', device);
  await journal.append({
    stream,
    epoch: journal.epochOf(journal.shardOf(stream)),
    firstSequence: 1,
    events: events.map((event, index) => ({
      type: event.type,
      schemaVersion: deviceCodec.versionOf(event.type),
      occurredAt: Date.now(),
      payload: deviceCodec.encode(event),
      metadata: Buffer.from(`{"principal":"user/ann","hash":"${device}-${index}"}`),
    })),
  });
}

test('a device counts by its last certificate that was not revoked, while it exists', async () => {
  await record('ends-soon', issued('a', 3));
  await record('ends-later', issued('b', 20));
  await record('ends-last', issued('c', 200));
  await record('rotated', issued('d', 3), issued('e', 300));
  await record('fell-back', issued('f', 5), issued('g', 300), revoked('g'));
  await record('expired', issued('h', -1));
  await record('deleted', issued('i', 3), deleted);
  const { journal, pool } = shared;
  const { subscriber } = createConnectionHistory({ database: pool, decode });
  for (let shard = 0; shard < journal.shards; shard++) {
    await subscriber.checkpoint(shard);
    const events = await journal.readShard(shard, 0, 100);
    if (events.length > 0) await subscriber.handle(shard, events);
  }
  const meter = createMemoryMeter();
  const certificates = watchExpiringCertificates(pool, meter);
  await certificates.look();
  certificates.stop();
  expect(Object.fromEntries(meter.values)).toEqual({
    'fleetlog_certificates_expiring{days="7"}': 2,
    'fleetlog_certificates_expiring{days="30"}': 3,
  });
});
