import type { RelayCheckpoint } from '../../actors/kernel/ports/publisher.js';
import type { Cluster, FetchedRecord } from './kafkajs-internals.js';
import type { ByteWriter } from './byte-writer.js';
import type { PartitionPlace } from './partition-place.js';
import { partitionBounds, readCommitted } from './partition-reader.js';
import { writeRecordBatch, type ProducerIdentity } from './record-batch.js';

/** How far from the end the search for the last checkpoint begins; doubled until one is found. */
const FIRST_STEP = 16n;

/** More than record and batch of a checkpoint take. */
const CHECKPOINT_BYTES = 256;

/** Writes a batch of one record of the checkpoint topic (`interfaces.md` §5): key `shard-<n>`, no headers. */
export function writeCheckpointBatch(
  out: ByteWriter,
  producer: ProducerIdentity,
  firstSequence: number,
  shard: number,
  { position, epoch }: RelayCheckpoint,
  now: number,
): void {
  const key = Buffer.from(`shard-${shard}`);
  const value = Buffer.from(JSON.stringify({ position, epoch }));
  writeRecordBatch(out, { producer, firstSequence, records: 1, firstTimestamp: now, lastTimestamp: now }, () => {
    out.ensure(CHECKPOINT_BYTES);
    // Attributes, time stamp and offset, both as in the batch, the lengths of key and value, and the number of headers: a byte each.
    out.varint(6 + key.length + value.length);
    out.int8(0);
    out.varint(0);
    out.varint(0);
    out.bulk(key);
    out.bulk(value);
    out.varint(0);
  });
}

/**
 * The last committed checkpoint of a shard; `undefined` when there is none. Exact after the shard was fenced: nobody can
 * commit another one in between. Offsets of a consumer group are no substitute: they may be read back old, and expire (K12).
 */
export async function readLastCheckpoint(
  cluster: Cluster,
  place: PartitionPlace,
): Promise<RelayCheckpoint | undefined> {
  const { earliest, lastStable } = await partitionBounds(cluster, place);
  for (let step = FIRST_STEP, end = lastStable; end > earliest; step *= 2n) {
    const from = lastStable - step > earliest ? lastStable - step : earliest;
    const last = await lastRecord(cluster, place, from, end);
    if (last?.value) return parseCheckpoint(last.value);
    end = from;
  }
  return undefined;
}

async function lastRecord(
  cluster: Cluster,
  place: PartitionPlace,
  from: bigint,
  to: bigint,
): Promise<FetchedRecord | undefined> {
  let last: FetchedRecord | undefined;
  for await (const records of readCommitted(cluster, place, from, to)) last = records.at(-1) ?? last;
  return last;
}

function parseCheckpoint(value: Buffer): RelayCheckpoint {
  const { position, epoch } = JSON.parse(value.toString()) as Partial<RelayCheckpoint>;
  if (!Number.isSafeInteger(position) || !Number.isSafeInteger(epoch))
    throw new Error('a checkpoint record does not hold a position and an epoch');
  return { position: position as number, epoch: epoch as number };
}
