import type pg from 'pg';

import { FleetlogError } from '../../actors/kernel/errors.js';
import type { Database } from '../database.js';

/** Key of the advisory lock under which the shards are made once; any constant of our own. */
const LOCK_KEY = 7_021_513_403;

/**
 * Makes the shards at the first start, and for each the leaf that takes events now and the one after it.
 * @throws FleetlogError when the first start has fixed another number of shards
 */
export async function setUpShards(database: Database, shards: number, leafEvents: number): Promise<void> {
  const { client } = await database.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK_KEY]);
    const { rows } = await client.query<{ count: number }>('select count(*) as count from shard');
    const existing = rows[0]?.count ?? 0;
    if (existing === 0) await makeShards(client, shards);
    else if (existing !== shards) throw refusal(existing, shards);
    for (let shard = 0; shard < shards; shard += 1) await ensureLeavesAhead(client, shard, leafEvents);
    await client.query(
      `update shard s set leaf_end = (select min(last) from journal_leaf l where l.shard = s.shard and l.last > s.head)
       where leaf_end = 0`,
    );
  } finally {
    await client.end(); // the advisory lock goes with its connection
  }
}

/** Makes the leaf after the present one, so that rolling finds it there. */
export async function ensureLeavesAhead(from: pg.Client | pg.Pool, shard: number, leafEvents: number): Promise<void> {
  await from.query(
    `select journal_ensure_leaves(shard, case when leaf_end = 0 then $2::int8 + 1 else leaf_end + 1 end, $2::int8)
     from shard where shard = $1`,
    [shard, leafEvents],
  );
}

/** All of them or none, so that a killed first start does not fix a smaller number. */
async function makeShards(client: pg.Client, shards: number): Promise<void> {
  await client.query('begin');
  await client.query('select journal_add_shard(shard) from generate_series(0, $1 - 1) as shard', [shards]);
  await client.query('commit');
}

function refusal(existing: number, wanted: number): FleetlogError {
  return new FleetlogError(
    'JOURNAL_UNAVAILABLE',
    `The journal has ${existing} shards, FLEETLOG_SHARDS asks for ${wanted}: the first start has fixed it, set FLEETLOG_SHARDS=${existing}.`,
  );
}
