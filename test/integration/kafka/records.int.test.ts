import { afterEach, expect, test } from '@jest/globals';

import { toEventRecord } from '../../../src/transport/kafka/event-record.js';
import { dumpByConsoleConsumer, dumpByKcat, freshTopics, stopStarted, testPublisher } from '../../support/kafka.js';
import {
  createGrowingJournal,
  expectedRecord,
  relayOf,
  untilRelayed,
  verify,
  withoutOffsets,
} from './journal-to-relay.js';

afterEach(stopStarted);

test('kcat and the console consumer of the distribution read each event once, in order, byte for byte', async () => {
  const topics = freshTopics();
  const memory = createGrowingJournal(3);
  await memory.grow(400);
  const publisher = testPublisher({ topics, shards: 3 });
  const relay = relayOf(memory, publisher);
  await untilRelayed(relay, memory);
  await memory.grow(200);
  await untilRelayed(relay, memory);

  const due = memory.rows.flat().map(expectedRecord);
  expect(withoutOffsets(await dumpByKcat(topics.eventsTopic))).toEqual(due);
  expect(withoutOffsets(await dumpByConsoleConsumer(topics.eventsTopic))).toEqual(due);
  const verification = await verify(publisher, memory);
  expect(verification).toEqual({
    records: 600,
    gaps: 0,
    duplicates: 0,
    inversions: 0,
    differences: 0,
    upTo: Object.fromEntries(memory.rows.map((rows, shard) => [String(shard), rows.length])),
    first: null,
  });
});

test('the checkpoint topic holds the position and epoch of each shard in its own partition, under its key', async () => {
  const topics = freshTopics();
  const memory = createGrowingJournal(2);
  await memory.grow(50);
  const publisher = testPublisher({ topics, shards: 2 });
  const relay = relayOf(memory, publisher);
  await untilRelayed(relay, memory);
  const records = await dumpByKcat(topics.checkpointTopic);
  for (const shard of [0, 1]) {
    const last = records.findLast(({ partition }) => partition === shard);
    expect(last?.key).toBe(`shard-${shard}`);
    expect(JSON.parse(last!.value)).toEqual({ position: memory.rows[shard]!.length, epoch: 1 });
  }
});

test('an event that was journaled while the clock ran a day ahead reaches Kafka all the same', async () => {
  const topics = freshTopics();
  const memory = createGrowingJournal(1);
  await memory.grow(1);
  const [event] = memory.rows[0]!;
  const ahead = { ...event!, recordedAt: Date.now() + 24 * 60 * 60 * 1000 };
  memory.rows[0]![0] = ahead;
  const publisher = testPublisher({ topics, shards: 1 });
  await publisher.open(0);
  await publisher.send(0, [ahead], { position: 1, epoch: 1 });
  const verification = await verify(publisher, memory);
  expect(verification).toMatchObject({ records: 1, first: null });
  expect((await dumpByKcat(topics.eventsTopic))[0]!.headers['recorded_at']).toBe(String(ahead.recordedAt));
  expect(toEventRecord(ahead).headers['recorded_at']).toBe(String(ahead.recordedAt));
});
