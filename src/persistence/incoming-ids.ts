import type { IncomingIds } from '../actors/kernel/ports/journal.js';
import type { Database } from './database.js';

/** Open QoS 2 message ids. They are written by the append of their events alone. */
export function createIncomingIds({ pool }: Database): IncomingIds {
  return {
    open: async (tenant, device) => {
      const { rows } = await pool.query<{ message_id: number }>({
        name: 'open-incoming',
        text: 'select message_id from mqtt_incoming where tenant = $1 and device = $2 order by message_id',
        values: [tenant, device],
      });
      return rows.map(({ message_id }) => message_id);
    },
    release: async (tenant, device, messageIds) => {
      await pool.query({
        name: 'release-incoming',
        text: `delete from mqtt_incoming where tenant = $1 and device = $2
          and ($3::int[] is null or message_id = any($3))`,
        values: [tenant, device, messageIds ?? null],
      });
    },
  };
}
