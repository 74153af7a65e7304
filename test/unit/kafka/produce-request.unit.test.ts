import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRequire } from 'node:module';

import { encodeMetadata, encodeOrigin } from '../../../src/actors/kernel/origin.js';
import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { ByteWriter } from '../../../src/transport/kafka/byte-writer.js';
import { writeCheckpointBatch } from '../../../src/transport/kafka/checkpoint-record.js';
import { writeEventBatch } from '../../../src/transport/kafka/event-batch.js';
import { timestampOf, toEventRecord } from '../../../src/transport/kafka/event-record.js';
import { writeProduceBody } from '../../../src/transport/kafka/produce-request.js';
import { sequenceAfter } from '../../../src/transport/kafka/record-batch.js';

/** kafkajs' own encoder of the same request: slow, and the proof of ours. */
const theirs = createRequire(import.meta.url)('kafkajs/src/protocol/requests/produce/v7/request.js') as (
  request: object,
) => { encode(): Promise<{ buffer: Buffer }> };

const PRODUCER = { transactionalId: 'fleetlog.fleetlog.events.3', producerId: 4_711n, producerEpoch: 7 };
const NOW = 1_790_000_000_000;

async function byKafkajs(
  firstSequence: number,
  topicData: readonly { topic: string; partition: number; messages: readonly object[] }[],
): Promise<Buffer> {
  const request = theirs({
    acks: -1,
    timeout: 10_000,
    transactionalId: PRODUCER.transactionalId,
    producerId: String(PRODUCER.producerId),
    producerEpoch: PRODUCER.producerEpoch,
    topicData: topicData.map(({ topic, partition, messages }) => ({
      topic,
      partitions: [{ partition, firstSequence, messages }],
    })),
  });
  return (await request.encode()).buffer;
}

const messageOf = (event: RecordedEvent): object => ({
  ...toEventRecord(event),
  timestamp: String(timestampOf(event, NOW)),
});

const out = new ByteWriter();
function byUs(firstSequence: number, events: readonly RecordedEvent[]): Buffer {
  out.at = 0;
  const writeBatch = (): void => writeEventBatch(out, PRODUCER, firstSequence, events, NOW);
  writeProduceBody(out, PRODUCER, [{ topic: 'fleetlog.events', partition: 3, writeBatch }]);
  return out.bytes.subarray(0, out.at);
}

const text = (maxLength: number): fc.Arbitrary<string> => fc.string({ minLength: 1, maxLength, unit: 'grapheme' });
const identifier = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const stream = fc.oneof(
  fc.tuple(identifier, identifier).map(([tenant, id]) => `device/${tenant}/${id}`),
  identifier.map((tenant) => `tenant/${tenant}`),
  text(20),
);
const whole = fc.oneof(fc.nat(), fc.maxSafeNat());
const metadata = fc
  .record({
    principal: fc.oneof(identifier, text(20)),
    sessionEpoch: fc.option(whole, { nil: undefined }),
    address: fc.option(text(20), { nil: undefined }),
    correlationId: fc.oneof(identifier, text(20)),
    causationId: fc.option(fc.oneof(identifier, text(20)), { nil: undefined }),
  })
  .map(({ correlationId, causationId, ...origin }) => {
    const { head, tail } = encodeMetadata(
      encodeOrigin({ tenant: 'acme', ...origin } as never),
      correlationId,
      causationId,
    );
    return Buffer.concat([head, Buffer.from(tail)]);
  });
const event: fc.Arbitrary<RecordedEvent> = fc.record({
  shard: fc.nat(4_000),
  position: whole,
  stream,
  sequence: whole,
  type: fc.oneof(fc.constantFrom('TelemetryRecorded', 'MessageRejected'), text(12)),
  schemaVersion: fc.nat(300),
  occurredAt: fc.oneof(fc.integer(), fc.integer({ min: NOW - 1e9, max: NOW + 1e9 })),
  // Of 13 digits all: kafkajs compares time stamps as texts.
  recordedAt: fc.integer({ min: 1e12, max: NOW + 1e9 }),
  // The length of a record takes two bytes, but three from 8192 on.
  payload: fc
    .tuple(fc.oneof(fc.nat(300), fc.integer({ min: 7_500, max: 8_500 })), fc.nat(255))
    .map(([size, byte]) => Buffer.alloc(size, byte)),
  metadata,
});

test('a batch of events has the bytes that the encoder of kafkajs gives it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 6 }),
      fc.nat(2 ** 31 - 1),
      async (events, firstSequence) => {
        const expected = await byKafkajs(firstSequence, [
          { topic: 'fleetlog.events', partition: 3, messages: events.map(messageOf) },
        ]);
        expect(byUs(firstSequence, events).equals(expected)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test('events and checkpoint in one request have the bytes that kafkajs gives them', async () => {
  const [given] = fc.sample(event, 1) as [RecordedEvent];
  const position = 2 ** 40;
  const expected = await byKafkajs(5, [
    { topic: 'fleetlog.events', partition: 3, messages: [messageOf(given)] },
    {
      topic: 'fleetlog.checkpoints',
      partition: 3,
      messages: [{ key: 'shard-3', value: `{"position":${position},"epoch":2}`, timestamp: String(NOW) }],
    },
  ]);
  out.at = 0;
  writeProduceBody(out, PRODUCER, [
    {
      topic: 'fleetlog.events',
      partition: 3,
      writeBatch: () => writeEventBatch(out, PRODUCER, 5, [given], NOW),
    },
    {
      topic: 'fleetlog.checkpoints',
      partition: 3,
      writeBatch: () => writeCheckpointBatch(out, PRODUCER, 5, 3, { position, epoch: 2 }, NOW),
    },
  ]);
  expect(out.bytes.subarray(0, out.at).equals(expected)).toBe(true);
});

test('sequences begin again at 0 after 2^31 - 1, within a batch too, as the broker counts them', () => {
  expect(sequenceAfter(0, 500)).toBe(500);
  expect(sequenceAfter(2 ** 31 - 2, 1)).toBe(2 ** 31 - 1);
  expect(sequenceAfter(2 ** 31 - 1, 1)).toBe(0);
  expect(sequenceAfter(2 ** 31 - 2, 5)).toBe(3);
});
