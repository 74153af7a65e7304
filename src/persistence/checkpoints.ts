import type pg from 'pg';

import type { CheckpointStore } from '../actors/kernel/ports.js';
import type { Database } from './database.js';

/** Where subscriptions without tables of their own keep how far they are. */
export function createCheckpointStore({ pool }: Database): CheckpointStore {
  return {
    load: (subscription, shard) => loadCheckpoint(pool, subscription, shard),
    save: async (subscription, shard, position) => {
      await pool.query({
        name: 'save-checkpoint',
        text: `insert into subscription_checkpoint (subscription, shard, position) values ($1, $2, $3)
          on conflict (subscription, shard) do update set position = excluded.position`,
        values: [subscription, shard, position],
      });
    },
  };
}

export async function loadCheckpoint(
  from: pg.Pool | pg.ClientBase,
  subscription: string,
  shard: number,
): Promise<number> {
  const { rows } = await from.query<{ position: number }>({
    name: 'load-checkpoint',
    text: 'select position from subscription_checkpoint where subscription = $1 and shard = $2',
    values: [subscription, shard],
  });
  return rows[0]?.position ?? 0;
}

/**
 * Moves a checkpoint on, within the transaction that holds the effect.
 * @throws Error when it is not at `from`: somebody else runs this subscription, and the effect must not be stored
 */
export async function moveCheckpoint(
  client: pg.ClientBase,
  subscription: string,
  shard: number,
  move: { readonly from: number; readonly to: number },
): Promise<void> {
  await client.query(
    'insert into subscription_checkpoint (subscription, shard, position) values ($1, $2, 0) on conflict do nothing',
    [subscription, shard],
  );
  const { rowCount } = await client.query(
    'update subscription_checkpoint set position = $4 where subscription = $1 and shard = $2 and position = $3',
    [subscription, shard, move.from, move.to],
  );
  if (rowCount !== 1)
    throw new Error(`The checkpoint of ${subscription} in shard ${shard} is not at ${move.from} any more`);
}
