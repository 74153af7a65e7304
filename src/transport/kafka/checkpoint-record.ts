import type { RelayCheckpoint } from '../../actors/kernel/ports.js';
import type { Cluster, FetchedRecord } from './kafkajs-internals.js';
import { partitionBounds, readCommitted, type PartitionPlace } from './partition-reader.js';

/** How far from the end the search for the last checkpoint begins; doubled until one is found. */
const FIRST_STEP = 16n;

/** A record of the checkpoint topic (`interfaces.md` §5): key `shard-<n>`, partition = shard. */
export function toCheckpointRecord(
  shard: number,
  checkpoint: RelayCheckpoint,
): { partition: number; key: string; value: string } {
  return {
    partition: shard,
    key: `shard-${shard}`,
    value: JSON.stringify({ position: checkpoint.position, epoch: checkpoint.epoch }),
  };
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
