import type { Snapshot, SnapshotStore } from '../actors/kernel/ports/journal.js';
import type { Database } from './database.js';

interface SnapshotRow {
  readonly sequence: number;
  readonly schema_version: number;
  readonly state: Buffer;
}

/** Newest snapshot of each stream. A slower writer never replaces a newer one by an older. */
export function createSnapshotStore({ pool }: Database): SnapshotStore {
  return {
    load: async (stream) => {
      const { rows } = await pool.query<SnapshotRow>({
        name: 'load-snapshot',
        text: 'select sequence, schema_version, state from snapshot where stream = $1',
        values: [stream],
      });
      const [row] = rows;
      return row && { stream, sequence: row.sequence, schemaVersion: row.schema_version, state: row.state };
    },
    save: async ({ stream, sequence, schemaVersion, state }: Snapshot) => {
      await pool.query({
        name: 'save-snapshot',
        text: `insert into snapshot (stream, sequence, schema_version, state) values ($1, $2, $3, $4)
          on conflict (stream) do update set sequence = excluded.sequence, schema_version = excluded.schema_version,
            state = excluded.state, at = now()
          where snapshot.sequence <= excluded.sequence`,
        values: [stream, sequence, schemaVersion, state],
      });
    },
  };
}
