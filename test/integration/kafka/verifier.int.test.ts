import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { toEventRecord } from '../../../src/transport/kafka/event-record.js';
import type { KafkaPublisher } from '../../../src/transport/kafka/event-publisher.js';
import type { TopicNames } from '../../../src/transport/kafka/topic-settings.js';
import { freshTopics, stopStarted, testPublisher } from '../../support/kafka.js';
import { createGrowingJournal, verify } from './journal-to-relay.js';

type Row = ReturnType<typeof toEventRecord> & { readonly partition: number };

const SHARDS = 2;
const EVENTS = 240;
const memory = createGrowingJournal(SHARDS);
let topics: TopicNames;
let publisher: KafkaPublisher;

beforeAll(async () => {
  await memory.grow(EVENTS);
  expect(memory.rows[1]!.length).toBeGreaterThan(20); // the tests below change its first records
});
beforeEach(async () => {
  topics = freshTopics();
  publisher = testPublisher({ topics, shards: SHARDS });
  await publisher.open(0);
});
afterEach(stopStarted);

/** Writes shard 0 as it should be and shard 1 as `tamper` makes it, past the relay, with honest checkpoints. */
async function written(tamper: (rows: Row[]) => Row[]): Promise<void> {
  const records = (shard: number): Row[] =>
    memory.rows[shard]!.map((event: RecordedEvent) => ({ ...toEventRecord(event), partition: shard }));
  const producer = publisher.client.kafka.producer();
  await producer.connect();
  const send = (messages: Row[]) => producer.send({ topic: topics.eventsTopic, messages });
  await send(records(0));
  await send(tamper(records(1)));
  for (const shard of [0, 1]) {
    const value = JSON.stringify({ position: memory.rows[shard]!.length, epoch: 1 });
    const messages = [{ key: `shard-${shard}`, value, partition: shard }];
    await producer.send({ topic: topics.checkpointTopic, messages });
  }
  await producer.disconnect();
  await publisher.stop();
}

/** The rows with the one at this position replaced by these. */
const replaced = (rows: Row[], position: number, make: (row: Row) => Row[]): Row[] =>
  rows.flatMap((row, index) => (index === position - 1 ? make(row) : [row]));

const NONE = { gaps: 0, duplicates: 0, inversions: 0, differences: 0 };

test('an honest topic has no fault', async () => {
  await written((rows) => rows);
  expect(await verify(publisher, memory)).toEqual({
    records: EVENTS,
    ...NONE,
    upTo: { 0: memory.rows[0]!.length, 1: memory.rows[1]!.length },
    first: null,
  });
});

test('a missing record is a gap', async () => {
  await written((rows) => replaced(rows, 5, () => []));
  expect(await verify(publisher, memory)).toMatchObject({
    ...NONE,
    gaps: 1,
    first: { kind: 'gap', shard: 1, position: 5 },
  });
});

test('missing records at the end are gaps, as the checkpoint tells', async () => {
  const { length } = memory.rows[1]!;
  await written((rows) => rows.slice(0, -3));
  expect(await verify(publisher, memory)).toMatchObject({
    ...NONE,
    gaps: 3,
    first: { kind: 'gap', shard: 1, position: length - 2 },
  });
});

test('a repeated record is a duplicate', async () => {
  await written((rows) => replaced(rows, 7, (row) => [row, row]));
  expect(await verify(publisher, memory)).toMatchObject({
    ...NONE,
    duplicates: 1,
    first: { kind: 'duplicate', shard: 1, position: 7 },
  });
});

test('a record that comes late is an inversion', async () => {
  await written((rows) => [...rows.slice(0, 3), rows[4]!, rows[3]!, ...rows.slice(5)]);
  expect(await verify(publisher, memory)).toMatchObject({
    ...NONE,
    inversions: 1,
    first: { kind: 'inversion', shard: 1, position: 4 },
  });
});

test.each<[string, (row: Row) => Partial<Row>, string]>([
  ['another payload', () => ({ value: Buffer.from('{"values":{"z":0.5},"ts":1}') }), 'the payload differs'],
  [
    'a payload spelled in another way',
    (row) => ({ value: Buffer.concat([row.value, Buffer.from(' ')]) }),
    'the payload differs',
  ],
  ['another key', () => ({ key: 'device/acme/thief' }), 'key is device/acme/thief'],
  ['another header', (row) => ({ headers: { ...row.headers, principal: 'device/thief' } }), 'header principal differs'],
  ['a header too many', (row) => ({ headers: { ...row.headers, extra: '1' } }), 'header extra differs'],
])('%s is a difference', async (_what, change, detail) => {
  await written((rows) => replaced(rows, 6, (row) => [{ ...row, ...change(row) }]));
  expect(await verify(publisher, memory)).toMatchObject({
    ...NONE,
    differences: 1,
    first: { kind: 'difference', shard: 1, position: 6, detail: expect.stringContaining(detail) },
  });
});

test('a record that the journal does not hold is a difference, however high its position', async () => {
  const beyond = { position: String(Number.MAX_SAFE_INTEGER) };
  await written((rows) => replaced(rows, 2, (row) => [row, { ...row, headers: { ...row.headers, ...beyond } }]));
  expect(await verify(publisher, memory)).toMatchObject({
    records: EVENTS + 1,
    ...NONE,
    differences: 1,
    first: { kind: 'difference', shard: 1, position: Number.MAX_SAFE_INTEGER, detail: 'the journal does not hold it' },
  });
});

test('a record without a position is a difference', async () => {
  await written((rows) => [...rows, { ...rows[0]!, headers: {} }]);
  expect(await verify(publisher, memory)).toMatchObject({ records: EVENTS + 1, ...NONE, differences: 1 });
});

test('of several faults the first by position is named, a gap that shows only at the end included', async () => {
  await written((rows) =>
    replaced(
      replaced(rows, 9, (row) => [{ ...row, key: 'x' }]),
      4,
      () => [],
    ),
  );
  expect(await verify(publisher, memory)).toMatchObject({
    ...NONE,
    gaps: 1,
    differences: 1,
    first: { kind: 'gap', shard: 1, position: 4 },
  });
});

test('what no transaction has committed is not seen', async () => {
  await written((rows) => rows);
  const producer = publisher.client.kafka.producer({ transactionalId: topics.eventsTopic, maxInFlightRequests: 1 });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({
    topic: topics.eventsTopic,
    messages: [{ ...toEventRecord(memory.rows[1]![0]!), partition: 1 }],
  });
  expect(await verify(publisher, memory)).toMatchObject({ records: EVENTS, ...NONE, first: null });
  await transaction.abort();
  await producer.disconnect();
  expect(await verify(publisher, memory)).toMatchObject({ records: EVENTS, ...NONE, first: null });
});
