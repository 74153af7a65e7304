import type { ByteWriter } from './byte-writer.js';
import type { ProducerIdentity } from './record-batch.js';

/** One batch of a request: to which partition, and how to write it. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly writeBatch: (out: ByteWriter) => void;
}

/** All in-sync replicas have it before the broker answers. */
const ACKS_OF_ALL = -1;
/** How long the broker waits for those replicas, ms. */
const REPLICAS_MS = 10_000;
const STRINGS = 3 * 256;

/**
 * Writes the body of a transactional Produce request, version 3 to 8 of the Kafka protocol guide, with one batch per topic:
 * `transactional_id acks timeout [topic [partition record_set]]`.
 */
export function writeProduceBody(
  out: ByteWriter,
  { transactionalId }: ProducerIdentity,
  batches: readonly PartitionBatch[],
): void {
  out.ensure(STRINGS);
  out.string(transactionalId);
  out.int16(ACKS_OF_ALL);
  out.int32(REPLICAS_MS);
  out.int32(batches.length);
  for (const { topic, partition, writeBatch } of batches) {
    out.ensure(STRINGS);
    out.string(topic);
    out.int32(1);
    out.int32(partition);
    const size = out.at;
    out.int32(0);
    writeBatch(out);
    out.bytes.writeInt32BE(out.at - size - 4, size);
  }
}
