import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import { openDatabase, type Database, type OwnConnection } from '../../../src/persistence/database.js';
import { executeAppend } from '../../../src/persistence/journal/append-statement.js';
import { toShardBatch } from '../../../src/persistence/journal/shard-batch.js';
import { setUpShards } from '../../../src/persistence/journal/shard-setup.js';
import { waitFor } from '../../../src/persistence/journal/waiting-append.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { seededRandom } from '../../support/seeded-random.js';
import { someEvents, violations } from './open-test-journal.js';

const SHARDS = 16;
const CONNECTIONS = 3;

describe('append statement', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let connections: OwnConnection[];

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = await openDatabase({ url: testDatabase.url, log: createSilentLogger() });
    await setUpShards(database, SHARDS, 1_000_000);
    connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => database.connect()));
  });
  afterEach(async () => expect(await violations(testDatabase)).toEqual([]));
  afterAll(async () => {
    await Promise.all(connections.map(({ client }) => client.end()));
    await database.stop();
    await testDatabase.drop();
  });

  const batchOf = (shard: number, stream: string, firstSequence: number, epoch = 1) =>
    toShardBatch(shard, epoch, [
      waitFor({ stream, epoch, firstSequence, events: someEvents(1) }, shard, () => undefined),
    ]);

  test('P2 random sets of shards on 3 connections never deadlock', async () => {
    const random = seededRandom(9);
    const work = connections.map(async ({ client }, connection) => {
      const sequences = new Array<number>(SHARDS).fill(0);
      for (let round = 0; round < 250; round += 1) {
        const shards = Array.from({ length: SHARDS }, (_, shard) => shard).filter(() => random() < 0.6);
        shards.sort(() => random() - 0.5);
        const batches = shards.map((shard) =>
          batchOf(shard, `device/default/c${connection}-s${shard}`, (sequences[shard]! += 1)),
        );
        const granted = await executeAppend(client, batches, 0); // a deadlock would reject
        expect(granted.map(({ shard }) => shard).sort((a, b) => a - b)).toEqual(shards.sort((a, b) => a - b));
      }
    });
    await Promise.all(work);
  });

  test('a fenced shard is missing in the answer, the others are committed', async () => {
    const [{ client }] = connections as [OwnConnection];
    await testDatabase.query('update shard set epoch = 5 where shard = 3');
    const granted = await executeAppend(
      client,
      [batchOf(2, 'device/default/f2', 1), batchOf(3, 'device/default/f3', 1), batchOf(4, 'device/default/f4', 1)],
      0,
    );
    expect(granted.map(({ shard }) => shard).sort()).toEqual([2, 4]);
    const stored = await testDatabase.query('select stream from journal where stream like $1 order by stream', [
      'device/default/f%',
    ]);
    expect(stored).toEqual([{ stream: 'device/default/f2' }, { stream: 'device/default/f4' }]);
  });
});
