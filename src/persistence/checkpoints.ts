import type pg from 'pg';

/** A checkpoint that goes on from one position to another. */
export interface CheckpointMove {
  readonly subscription: string;
  readonly shard: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Moves a checkpoint within the statement that stores the effect (bench `reconnect`): a common table
 * expression with the parameters $1 to $4 of `moveParameters`. It has a row when the checkpoint was at `from`; an effect without
 * that row must not be stored.
 */
export const MOVED = `moved as (
    update subscription_checkpoint set position = $4 where subscription = $1 and shard = $2 and position = $3
    returning position
  )`;

export function moveParameters({ subscription, shard, from, to }: CheckpointMove): readonly unknown[] {
  return [subscription, shard, from, to];
}

/** The last position that a subscription has finished in a shard, 0 before the first. */
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
  if (rowCount !== 1) throw movedCheckpoint(subscription, shard, move.from);
}

/** Somebody else has moved a checkpoint that stood at `from`. */
export function movedCheckpoint(subscription: string, shard: number, from: number): Error {
  return new Error(`The checkpoint of ${subscription} in shard ${shard} is not at ${from} any more`);
}
