import type pg from 'pg';

import type { RecordedEvent, ShardHead } from '../../actors/kernel/ports/journal.js';
import { createTailRing, type RingReader } from './tail-ring.js';

/** What this node knows of the shards: epochs, heads and the newest events. Heads and epochs only ever grow. */
export interface ShardStates {
  epochOf(shard: number): number;
  headOf(shard: number): number;
  /** How often commits of others were learnt of. */
  grownByOthers(shard: number): number;
  learnEpoch(shard: number, epoch: number): void;
  /** Takes over heads and epochs as read from Postgres; answers the shards that have grown. */
  learn(rows: readonly ShardHead[]): readonly number[];
  /** Takes events that this node has committed; answers whether the shard has grown. */
  add(shard: number, events: readonly RecordedEvent[]): boolean;
  /** Events (after, after + limit]; `undefined` = ask Postgres. */
  read(shard: number, after: number, limit: number): readonly RecordedEvent[] | undefined;
  /** A reader of the shard's newest events as they come; the caller closes it. */
  open(shard: number): RingReader;
}

/** @param ringBytes memory for the newest events of one shard */
export function createShardStates(heads: readonly ShardHead[], ringBytes: number): ShardStates {
  const states = heads.map(({ head, epoch }) => ({ epoch, ring: createTailRing(head, ringBytes) }));
  const state = (shard: number) => {
    const found = states[shard];
    if (found === undefined) throw new RangeError(`There is no shard ${shard}`);
    return found;
  };
  const learnEpoch = (shard: number, epoch: number) => {
    state(shard).epoch = Math.max(state(shard).epoch, epoch);
  };
  return {
    epochOf: (shard) => state(shard).epoch,
    headOf: (shard) => state(shard).ring.head,
    grownByOthers: (shard) => state(shard).ring.grownByOthers,
    learnEpoch,
    learn: (rows) =>
      rows
        .filter(({ shard, head, epoch }) => {
          learnEpoch(shard, epoch);
          return state(shard).ring.advance(head);
        })
        .map(({ shard }) => shard),
    add: (shard, events) => state(shard).ring.add(events),
    read: (shard, after, limit) => state(shard).ring.read(after, limit),
    open: (shard) => state(shard).ring.open(),
  };
}

/** Heads, epochs and relay mirror of all shards, in the order of their numbers. */
export async function readHeads(from: pg.Pool | pg.Client): Promise<readonly ShardHead[]> {
  const { rows } = await from.query<ShardHead>('select shard, head, epoch, relayed from shard order by shard');
  return rows;
}
