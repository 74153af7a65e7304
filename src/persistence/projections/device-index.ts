import type pg from 'pg';

import type { DeviceEvent } from '../../actors/device/events.js';
import type { DeviceIndex } from '../../actors/kernel/ports/device-index.js';
import type { RecordedEvent, Subscriber } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { loadCheckpoint, moveCheckpoint, movedCheckpoint } from '../checkpoints.js';
import type { Database } from '../database.js';
import { inTransaction } from '../transaction.js';
import { connectionChanges, storeConnections, type ConnectionEvent } from './connection-changes.js';
import { evolveEntry, INDEXED_TYPES, type DeviceEntry, type IndexedEvent } from './device-entry.js';
import { countDevices, countMatching, listDevices } from './device-list.js';
import { loadEntries, storeEntries, type DeviceKey } from './device-rows.js';
import { createPassedPositions } from '../../actors/kernel/passed-positions.js';

export interface DeviceIndexOptions {
  readonly database: Database;
  /** Decodes an event of a device stream, old schema versions lifted. */
  readonly decode: (event: RecordedEvent) => DeviceEvent;
}

const NAME = 'device-index';

const CONNECTION_TYPES: ReadonlySet<string> = new Set<ConnectionEvent['type']>([
  'DeviceConnected',
  'DeviceDisconnected',
]);

/**
 * Telemetry changes no row, so its positions alone are stored only so often: after a restart at most so many are read again,
 * and the journal's Postgres is spared a commit per batch.
 */
const UNSTORED_POSITIONS = 5_000;

/**
 * Connections are stored no more often than this while nobody waits for them: in a storm of reconnects, which come to each
 * shard one by one, each statement then carries many.
 */
const CONNECTIONS_PAUSE_MS = 250;
/** A batch of so many events, or one that passes over so many, is behind already and waits for nothing. */
const LARGE_BATCH_EVENTS = 100;

/**
 * The list of devices, kept up by `subscriber`. Rows and checkpoint change in one transaction, so each event counts once; to
 * rebuild, delete the rows of `device_index`, `device_token` and the checkpoints of `device-index`.
 */
export function createDeviceIndex({ database: { pool }, decode }: DeviceIndexOptions): {
  readonly index: DeviceIndex;
  readonly subscriber: Subscriber;
} {
  const passed = createPassedPositions();
  /** Checkpoints as stored, by shard. */
  const stored = new Map<number, number>();

  const subscriber: Subscriber = {
    name: NAME,
    untilAwaited: (shard, pauseMs) => passed.untilAwaited(shard, pauseMs),
    checkpoint: async (shard) => {
      const position = await loadCheckpoint(pool, NAME, shard);
      stored.set(shard, position);
      passed.pass(shard, position);
      return position;
    },
    handle: async (shard, events) => {
      const last = events.at(-1)?.position ?? 0;
      const from = stored.get(shard) ?? 0;
      const relevant = events.filter(({ type, stream }) => INDEXED_TYPES.has(type) && stream.startsWith('device/'));
      if (relevant.length > 0 && from > 0 && relevant.every(({ type }) => CONNECTION_TYPES.has(type))) {
        const isLarge = events.length >= LARGE_BATCH_EVENTS || last - from >= UNSTORED_POSITIONS;
        if (!isLarge) await passed.untilAwaited(shard, CONNECTIONS_PAUSE_MS);
        const changes = connectionChanges(
          relevant.map((recorded) => ({ recorded, decoded: decode(recorded) as ConnectionEvent })),
        );
        const move = { subscription: NAME, shard, from, to: last };
        if (!(await storeConnections(pool, move, changes))) throw movedCheckpoint(NAME, shard, from);
        stored.set(shard, last);
      } else if (relevant.length > 0 || last - from >= UNSTORED_POSITIONS) {
        await inTransaction(pool, async (client) => {
          await moveCheckpoint(client, NAME, shard, { from, to: last });
          if (relevant.length > 0) await project(client, relevant, decode);
        });
        stored.set(shard, last);
      }
      passed.pass(shard, last);
    },
  };

  const index: DeviceIndex = {
    list: (query) => listDevices(pool, query),
    count: (tenant) => countDevices(pool, tenant),
    countMatching: (selection) => countMatching(pool, selection),
    deviceOfToken: async (sha256) => {
      const { rows } = await pool.query<DeviceKey>({
        name: 'device-of-token',
        text: 'select tenant, device from device_token where sha256 = $1 order by tenant, device limit 1',
        values: [sha256],
      });
      return rows[0];
    },
    lost: async (afterTenant, afterId, limit) => {
      const { rows } = await pool.query<DeviceKey & { sessionEpoch: number }>(
        `select tenant, id as device, session_epoch as "sessionEpoch" from device_index d
         where connected and (tenant, id) > ($1, $2) and not exists (select from node_lease l where l.life = d.life)
         order by tenant, id limit $3`,
        [afterTenant, afterId, limit],
      );
      return rows;
    },
    registered: async (tenant, ids) => {
      const { rows } = await pool.query<{ readonly id: string }>({
        name: 'registered-devices',
        text: 'select id from device_index where tenant = $1 and id = any ($2) and registered',
        values: [tenant, ids],
      });
      return new Set(rows.map(({ id }) => id));
    },
    caughtUp: (shard, position, timeoutMs) => passed.wait(shard, position, timeoutMs),
  };
  return { index, subscriber };
}

/** Loads the devices that the events are about, folds the events in their order, stores what came out. */
async function project(
  client: pg.ClientBase,
  events: readonly RecordedEvent[],
  decode: (event: RecordedEvent) => DeviceEvent,
): Promise<void> {
  const keys = new Map<string, DeviceKey>();
  for (const { stream } of events) {
    const { tenant, id = '' } = parseStreamKey(stream);
    keys.set(stream, { tenant, device: id });
  }
  const loaded = await loadEntries(client, [...keys.values()]);
  const entries = new Map<string, DeviceEntry | undefined>(
    [...keys.keys()].map((stream, index) => [stream, loaded[index]]),
  );
  for (const event of events) {
    const decoded = decode(event) as IndexedEvent; // its type is one of INDEXED_TYPES
    entries.set(event.stream, evolveEntry(entries.get(event.stream), decoded, event));
  }
  await storeEntries(
    client,
    [...keys].map(([stream, key]) => ({ ...key, entry: entries.get(stream) })),
  );
}
