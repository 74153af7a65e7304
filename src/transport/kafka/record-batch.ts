import type { ByteWriter } from './byte-writer.js';
import { crc32c } from './crc32c.js';

/** Who writes: what InitProducerId has answered for a transactional id. */
export interface ProducerIdentity {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** What is known of a batch before its records. */
export interface BatchHead {
  readonly producer: ProducerIdentity;
  /** Of the first record, as the broker counts them: per producer epoch and partition, 0, 1, 2 … */
  readonly firstSequence: number;
  readonly records: number;
  /** Least and greatest time stamp of the records, ms since 1970. */
  readonly firstTimestamp: number;
  readonly lastTimestamp: number;
}

const MAGIC = 2;
/** Attributes: no compression, time stamps of the client, part of a transaction. */
const TRANSACTIONAL = 1 << 4;
const HEAD_BYTES = 61;
/** The batch length counts from behind itself, the checksum from the attributes on. */
const LENGTH_AT = 8;
const COUNTED_AT = 12;
const CHECKSUM_AT = 17;
const CHECKED_AT = 21;
const SEQUENCES = 2 ** 31;

/**
 * Writes a record batch ("Record Batch" of the Kafka message format, magic 2) in one pass; `writeRecords` writes exactly
 * `head.records` of them.
 */
export function writeRecordBatch(out: ByteWriter, head: BatchHead, writeRecords: () => void): void {
  const { producer } = head;
  const start = out.at;
  out.ensure(HEAD_BYTES);
  out.int64(0); // base offset: the broker's
  out.int32(0); // length: below
  out.int32(0); // epoch of the partition's leader: the broker's
  out.int8(MAGIC);
  out.int32(0); // checksum: below
  out.int16(TRANSACTIONAL);
  out.int32(head.records - 1); // offset of the last record in the batch
  out.int64(head.firstTimestamp);
  out.int64(head.lastTimestamp);
  out.int64(producer.producerId);
  out.int16(producer.producerEpoch);
  out.int32(head.firstSequence);
  out.int32(head.records);
  writeRecords();
  const { bytes, at: end } = out;
  bytes.writeInt32BE(end - start - COUNTED_AT, start + LENGTH_AT);
  bytes.writeUInt32BE(crc32c(bytes, start + CHECKED_AT, end), start + CHECKSUM_AT);
}

/** The sequence after `count` records. It begins again at 0 after 2^31 − 1, and a batch may reach over that. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % SEQUENCES;
}
