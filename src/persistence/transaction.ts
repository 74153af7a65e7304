import type pg from 'pg';

/** Runs `work` in a transaction on a connection of the pool. @throws what `work` throws; nothing of it is stored then */
export async function inTransaction(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
  } catch (error) {
    client.release(true); // whatever state it is in, it is not used again, and Postgres rolls back
    throw error;
  }
  client.release();
}
