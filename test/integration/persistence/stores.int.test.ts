import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { loadCheckpoint, moveCheckpoint } from '../../../src/persistence/checkpoints.js';
import { openDatabase, type Database } from '../../../src/persistence/database.js';
import { createIncomingIds } from '../../../src/persistence/incoming-ids.js';
import { createSnapshotStore } from '../../../src/persistence/snapshots.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { appendOf, openTestJournal, violations, type TestJournal } from './open-test-journal.js';

describe('stores beside the journal', () => {
  let testDatabase: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = await openDatabase({ url: testDatabase.url, log: createSilentLogger() });
  });
  afterAll(async () => {
    await database.stop();
    await testDatabase.drop();
  });

  test('a snapshot comes back as saved, and an older one never replaces a newer', async () => {
    const snapshots = createSnapshotStore(database);
    const stream = 'device/default/s';
    expect(await snapshots.load(stream)).toBeUndefined();
    const newer = { stream, sequence: 200, schemaVersion: 2, state: Buffer.from('{"a":1}') };
    await snapshots.save({ ...newer, sequence: 100, schemaVersion: 1 });
    await snapshots.save(newer);
    await snapshots.save({ ...newer, sequence: 150, state: Buffer.from('old') });
    expect(await snapshots.load(stream)).toEqual(newer);
  });

  test('a checkpoint moves with its effect from where its owner knows it, and refuses a second owner', async () => {
    const client = await database.pool.connect();
    try {
      expect(await loadCheckpoint(client, 'index', 0)).toBe(0);
      await moveCheckpoint(client, 'index', 0, { from: 0, to: 10 });
      await expect(moveCheckpoint(client, 'index', 0, { from: 0, to: 5 })).rejects.toThrow(/not at 0/);
      await moveCheckpoint(client, 'index', 0, { from: 10, to: 11 });
      expect(await loadCheckpoint(client, 'index', 0)).toBe(11);
      expect(await loadCheckpoint(client, 'index', 1)).toBe(0);
    } finally {
      client.release();
    }
  });

  describe('open QoS 2 ids', () => {
    let journal: TestJournal;
    beforeEach(async () => {
      journal = await openTestJournal(testDatabase.url);
    });
    afterEach(() => journal.close());

    test('I7 an id is taken with its events or not at all, until it is released', async () => {
      const ids = createIncomingIds(database);
      const [tenant, device] = ['default', 'qos2'];
      const stream = `device/${tenant}/${device}`;
      const incoming = (messageId: number) => ({ incomingIds: [{ tenant, device, messageId }] });
      expect(await journal.append({ ...appendOf(journal, stream, 1), ...incoming(1) })).toMatchObject({
        kind: 'committed',
      });
      expect(await journal.append({ ...appendOf(journal, stream, 2), ...incoming(1) })).toEqual({ kind: 'conflict' });
      expect(await journal.append({ ...appendOf(journal, stream, 2), ...incoming(65_535) })).toMatchObject({
        kind: 'committed',
      });
      expect(await ids.open(tenant, device)).toEqual([1, 65_535]);
      expect(await ids.open('other', device)).toEqual([]);
      await ids.release('other', device);
      await ids.release(tenant, device, [1]);
      expect(await ids.open(tenant, device)).toEqual([65_535]);
      expect(await journal.append({ ...appendOf(journal, stream, 3), ...incoming(1) })).toMatchObject({
        kind: 'committed',
      });
      await ids.release(tenant, device);
      expect(await ids.open(tenant, device)).toEqual([]);
      expect(await journal.readStream(stream, 1, 10)).toHaveLength(3);
      expect(await violations(testDatabase)).toEqual([]);
    });

    test('I3 a fenced append leaves no id behind', async () => {
      const append = appendOf(journal, 'device/default/fenced', 1);
      await testDatabase.query('update shard set epoch = epoch + 1 where shard = $1', [journal.shardOf(append.stream)]);
      const incomingIds = [{ tenant: 'default', device: 'fenced', messageId: 9 }];
      expect(await journal.append({ ...append, incomingIds })).toEqual({ kind: 'fenced' });
      expect(await createIncomingIds(database).open('default', 'fenced')).toEqual([]);
    });
  });
});
