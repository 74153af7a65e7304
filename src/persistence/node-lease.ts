import type { NodeLease, NodeName } from '../actors/kernel/ports/nodes.js';
import type { Clock, Logger } from '../actors/kernel/ports/surroundings.js';
import type { Database } from './database.js';

/** How often a node says that it lives, and after how long a silence it counts as dead, ms. */
export const NODE_LEASE = { renewMs: 15_000, leaseMs: 60_000 };

export interface NodeLeaseOptions {
  readonly database: Pick<Database, 'pool'>;
  readonly node: NodeName;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default NODE_LEASE */
  readonly times?: typeof NODE_LEASE;
}

/**
 * Takes the lease of this life, ends those of the node's earlier ones, and goes on renewing it until `stop` gives it back.
 *
 * Nodes are judged by silence, so a node judges others only when it has renewed its own lease without a break for as long as a
 * lease lasts: after a stop of Postgres, or of the machine, all leases are old, and all that live get the time to say so.
 */
export async function takeNodeLease(options: NodeLeaseOptions): Promise<NodeLease & { stop(): Promise<void> }> {
  const { node, clock, logger, times = NODE_LEASE } = options;
  const { pool } = options.database;
  const listeners: (() => void)[] = [];
  let renewing: Promise<void> | undefined;
  let renewedAt = clock.monotonic();
  let unbrokenSince = renewedAt;

  await pool.query('delete from node_lease where node = $1', [node.id]);
  await renewRow();

  async function renewRow(): Promise<void> {
    await pool.query(
      'insert into node_lease (life, node) values ($1, $2) on conflict (life) do update set renewed_at = now()',
      [node.life, node.id],
    );
  }

  async function renew(): Promise<void> {
    await renewRow();
    const now = clock.monotonic();
    if (now - renewedAt > 2 * times.renewMs) unbrokenSince = now;
    renewedAt = now;
    if (now - unbrokenSince < times.leaseMs) return;
    const { rows } = await pool.query<{ node: string }>(
      'delete from node_lease where renewed_at < now() - make_interval(secs => $1) returning node',
      [times.leaseMs / 1_000],
    );
    if (rows.length === 0) return;
    logger.warn({ component: 'node-lease', nodes: rows.map((row) => row.node) }, 'nodes are silent and count as dead');
    for (const listener of listeners) listener();
  }

  const timer = setInterval(() => {
    renewing ??= renew()
      .catch((error: unknown) =>
        logger.warn({ component: 'node-lease', err: error }, 'the lease of this node could not be renewed'),
      )
      .finally(() => (renewing = undefined));
  }, times.renewMs).unref();

  return {
    onLapse: (listener) => void listeners.push(listener),
    async stop() {
      clearInterval(timer);
      await renewing;
      // Postgres may be gone: then the lease runs out.
      await pool.query('delete from node_lease where life = $1', [node.life]).catch(() => undefined);
    },
  };
}
