import { expect, test } from '@jest/globals';

import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { BATCH_EVENTS, nextBatch } from '../../../src/actors/relay/batch.js';
import { ByteWriter } from '../../../src/transport/kafka/byte-writer.js';
import { writeEventBatch } from '../../../src/transport/kafka/event-batch.js';

const MEBIBYTE = 1024 * 1024;

function events(count: number, payloadBytes: number, name = 'pump-1'): RecordedEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    shard: 0,
    position: index + 1,
    stream: `device/acme/${name}`,
    sequence: index + 1,
    type: 'TelemetryRecorded',
    schemaVersion: 1,
    occurredAt: 1_700_000_000_000,
    recordedAt: 1_700_000_000_000,
    payload: Buffer.alloc(payloadBytes, 'x'),
    metadata: Buffer.from(
      JSON.stringify({ principal: `device/${name}`, sessionEpoch: 12_345, correlationId: `device/acme/${name}:1` }),
    ),
  }));
}

/** Size of a batch on the wire. */
function encodedBytes(batch: readonly RecordedEvent[]): number {
  const out = new ByteWriter();
  writeEventBatch(out, { transactionalId: 'relay', producerId: 1n, producerEpoch: 1 }, 0, batch, Date.now());
  return out.at;
}

test('K9 a batch holds at most 1000 events', () => {
  expect(nextBatch(events(1_500, 10), 0)).toHaveLength(BATCH_EVENTS);
});

test('K9 a full batch stays below the 1 MiB of the broker, short payloads and long names included', () => {
  for (const [payloadBytes, name] of [
    [10, 'p'],
    [1, 'n'.repeat(128)],
    [400, 'pump-1'],
    [20_000, 'pump-1'],
  ] as const) {
    const batch = nextBatch(events(1_000, payloadBytes, name), 0);
    expect(encodedBytes(batch)).toBeLessThan(MEBIBYTE);
  }
});

test('K9 a single event goes alone when it fills a batch by itself', () => {
  expect(nextBatch(events(3, 800 * 1024), 0)).toHaveLength(1);
});

test('a batch begins right after the checkpoint and its positions follow each other', () => {
  const some = events(5, 10);
  expect(nextBatch(some, 0)).toEqual(some);
  expect(() => nextBatch(some, 1)).toThrow('position 1 where 2 was due');
  expect(() => nextBatch([some[0]!, some[2]!], 0)).toThrow('position 3 where 2 was due');
  expect(() => nextBatch([some[0]!, some[0]!], 0)).toThrow('position 1 where 2 was due');
});

test('no events are no batch', () => {
  expect(nextBatch([], 7)).toEqual([]);
});
