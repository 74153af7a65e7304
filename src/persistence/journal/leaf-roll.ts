import type pg from 'pg';

import { executeAppend } from './append-statement.js';
import { toShardBatch, type ShardBatch } from './shard-batch.js';
import type { WaitingAppend } from './waiting-append.js';

interface ShardRow {
  readonly head: number;
  readonly epoch: number;
  readonly leaf_end: number;
}

export type RollOutcome =
  /** `batch` was appended across the boundary, the epoch is a new one; `losers` met an event in the old leaf. */
  | {
      readonly kind: 'rolled';
      readonly batch: ShardBatch;
      readonly base: number;
      readonly epoch: number;
      readonly losers: readonly WaitingAppend[];
    }
  /** Another epoch rules, or there is room again: nothing was written. */
  | { readonly kind: 'refused'; readonly epoch: number };

/**
 * Appends a batch that does not fit the shard's present leaf. `unique (stream, sequence)` holds within one leaf only, so with
 * the shard row locked a *new* statement (a fresh snapshot, that sees all that was committed before the lock) checks the
 * batch's sequences against every leaf. The new epoch then fences whoever still knows a stream as it was before.
 * @param leafEvents size of the leaves that are made when there is none yet for these positions
 */
export async function rollLeaf(
  client: pg.Client,
  batch: ShardBatch,
  recordedAt: number,
  leafEvents: number,
): Promise<RollOutcome> {
  await client.query('begin');
  try {
    const outcome = await rollInTransaction(client, batch, recordedAt, leafEvents);
    await client.query(outcome.kind === 'rolled' ? 'commit' : 'rollback');
    return outcome;
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // on a lost connection Postgres does it
    throw error;
  }
}

async function rollInTransaction(
  client: pg.Client,
  batch: ShardBatch,
  recordedAt: number,
  leafEvents: number,
): Promise<RollOutcome> {
  const { shard } = batch;
  const row = await lockShard(client, shard);
  if (row.epoch !== batch.epoch || row.head + batch.count <= row.leaf_end) return { kind: 'refused', epoch: row.epoch };
  const losers = await findLosers(client, batch);
  const winners = toShardBatch(
    shard,
    batch.epoch,
    batch.appends.filter((waiting) => !losers.includes(waiting)),
  );
  const last = row.head + winners.count;
  await client.query('select journal_ensure_leaves($1, $2, $3)', [shard, last, leafEvents]);
  await client.query(
    'update shard set leaf_end = (select min(last) from journal_leaf where shard = $1 and last >= greatest($2, leaf_end)) where shard = $1',
    [shard, last],
  );
  for (const waiting of winners.appends) waiting.sent = true;
  await executeAppend(client, [winners], recordedAt);
  await client.query('update shard set epoch = epoch + 1 where shard = $1', [shard]);
  return { kind: 'rolled', batch: winners, base: row.head, epoch: row.epoch + 1, losers };
}

async function lockShard(client: pg.Client, shard: number): Promise<ShardRow> {
  const { rows } = await client.query<ShardRow>('select head, epoch, leaf_end from shard where shard = $1 for update', [
    shard,
  ]);
  const row = rows[0];
  if (row === undefined) throw new Error(`There is no row for shard ${shard}`);
  return row;
}

/** Appends with an event that exists in some leaf, and repeats within the batch. */
async function findLosers(client: pg.Client, batch: ShardBatch): Promise<readonly WaitingAppend[]> {
  const places = batch.appends.flatMap((waiting) =>
    waiting.append.events.map((_event, index) => ({
      waiting,
      stream: waiting.append.stream,
      sequence: waiting.append.firstSequence + index,
    })),
  );
  const { rows } = await client.query<{ rank: number }>(
    `select wanted.rank from unnest($2::text[], $3::int8[]) with ordinality as wanted(stream, sequence, rank)
     where exists (select from journal j where j.shard = $1 and j.stream = wanted.stream and j.sequence = wanted.sequence)`,
    [batch.shard, places.map(({ stream }) => stream), places.map(({ sequence }) => sequence)],
  );
  const losers = new Set(rows.flatMap(({ rank }) => places[rank - 1]?.waiting ?? []));
  const owners = new Map<string, WaitingAppend>();
  for (const { waiting, stream, sequence } of places) {
    const place = `${stream}:${sequence}`;
    const owner = owners.get(place);
    if (owner === undefined) owners.set(place, waiting);
    else if (owner !== waiting) losers.add(waiting);
  }
  return [...losers];
}
