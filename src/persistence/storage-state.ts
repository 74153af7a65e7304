import type { Clock, Meter } from '../actors/kernel/ports/surroundings.js';
import type { Database } from './database.js';

/** What Postgres is and how it does. */
export interface StorageState {
  /** Version of the server, as in `16.4`. */
  readonly postgres: string;
  /** Number of the newest migration. */
  readonly schema: number;
  /** Of one small statement, seconds. */
  readonly latencySeconds: number;
}

const SIZE_EVERY_MS = 60_000;

/** Reads what Postgres says of itself, and keeps the size of the journal for `/metrics`. */
export function watchStorage(options: { readonly database: Database; readonly clock: Clock; readonly meter: Meter }): {
  read(): Promise<StorageState>;
  stop(): void;
} {
  const {
    database: { pool },
    clock,
    meter,
  } = options;
  const bytes = meter.gauge('fleetlog_journal_bytes', 'Size of the journal with its indexes, looked at each minute.');
  const measure = async (): Promise<void> => {
    const { rows } = await pool.query<{ bytes: number }>(
      "select coalesce(sum(pg_total_relation_size(relid)), 0)::bigint as bytes from pg_partition_tree('journal') where isleaf",
    );
    bytes.set(rows[0]?.bytes ?? 0);
  };
  // A Postgres that is away is told by `/readyz`; the size stays what it was.
  const tick = (): void => void measure().catch(() => undefined);
  tick();
  const timer = setInterval(tick, SIZE_EVERY_MS).unref();

  return {
    async read() {
      const start = clock.monotonic();
      const { rows } = await pool.query<{ postgres: string; schema: number }>(
        "select current_setting('server_version') as postgres, (select max(id) from schema_migration) as schema",
      );
      const latencySeconds = (clock.monotonic() - start) / 1_000;
      const { postgres = '', schema = 0 } = rows[0] ?? {};
      // Distributions append their own: `16.4 (Debian 16.4-1)`.
      return { postgres: postgres.split(' ')[0] ?? '', schema, latencySeconds };
    },
    stop: () => clearInterval(timer),
  };
}
