import type pg from 'pg';

import type { DeviceEvent } from '../../actors/device/events.js';
import type {
  ConnectionHistory,
  ConnectionQuery,
  ConnectionRecord,
} from '../../actors/kernel/ports/connection-history.js';
import type { RecordedEvent, Subscriber } from '../../actors/kernel/ports/journal.js';
import { loadCheckpoint, moveCheckpoint, movedCheckpoint } from '../checkpoints.js';
import type { Database } from '../database.js';
import { fromMilliseconds, toMilliseconds } from '../sql-time.js';
import { inTransaction } from '../transaction.js';
import { countCertificates, listCertificates, listExpiringUntold, listSuperseded } from './certificate-list.js';
import { CONNECTION_HISTORY_TYPES, foldConnections } from './connection-fold.js';
import { isOfConnectionsAlone, storeConnectionFold, storeConnectionsAlone } from './connection-rows.js';
import { createPassedPositions } from '../../actors/kernel/passed-positions.js';

const NAME = 'connections';

/** As for the device list: telemetry's positions alone are stored only so often. */
const UNSTORED_POSITIONS = 5_000;
/** In a storm of reconnects each transaction carries many; who is behind already waits for nothing. */
const PAUSE_MS = 250;
const LARGE_BATCH_EVENTS = 100;

/**
 * Connections and credentials of devices, kept up by `subscriber`; rows and checkpoint change in one transaction. To rebuild,
 * delete the rows of `device_connection`, `device_credential` and the checkpoints of `connections`.
 */
export function createConnectionHistory(options: {
  readonly database: Database;
  /** Decodes an event of a device stream, old schema versions lifted. */
  readonly decode: (event: RecordedEvent) => DeviceEvent;
}): { readonly history: ConnectionHistory; readonly subscriber: Subscriber } {
  const { pool } = options.database;
  const passed = createPassedPositions();
  /** Checkpoints as stored, by shard. */
  const stored = new Map<number, number>();

  const subscriber: Subscriber = {
    name: NAME,
    untilAwaited: (shard, pauseMs) => passed.untilAwaited(shard, pauseMs),
    async checkpoint(shard) {
      const position = await loadCheckpoint(pool, NAME, shard);
      stored.set(shard, position);
      passed.pass(shard, position);
      return position;
    },
    async handle(shard, events) {
      const last = events.at(-1)?.position ?? 0;
      const from = stored.get(shard) ?? 0;
      const relevant = events.filter(
        ({ type, stream }) => CONNECTION_HISTORY_TYPES.has(type) && stream.startsWith('device/'),
      );
      if (relevant.length > 0 || last - from >= UNSTORED_POSITIONS) {
        const isLarge = events.length >= LARGE_BATCH_EVENTS || last - from >= UNSTORED_POSITIONS;
        if (!isLarge) await passed.untilAwaited(shard, PAUSE_MS);
        const fold = foldConnections(relevant, options.decode);
        if (from > 0 && isOfConnectionsAlone(fold)) {
          const move = { subscription: NAME, shard, from, to: last };
          if (!(await storeConnectionsAlone(pool, move, fold))) throw movedCheckpoint(NAME, shard, from);
        } else {
          await inTransaction(pool, async (client) => {
            await moveCheckpoint(client, NAME, shard, { from, to: last });
            await storeConnectionFold(client, fold);
          });
        }
        stored.set(shard, last);
      }
      passed.pass(shard, last);
    },
  };

  const history: ConnectionHistory = {
    list: (query) => listConnections(pool, query),
    connectedMs: (tenant, device, from, to) => sumConnected(pool, tenant, device, from, to),
    certificates: (query) => listCertificates(pool, query),
    countCertificates: (query) => countCertificates(pool, query),
    supersededSince: (usedUntil, now, limit) => listSuperseded(pool, usedUntil, now, limit),
    expiringUntold: (now, after, limit) => listExpiringUntold(pool, now, after, limit),
    async lastUses(tenant, device) {
      const { rows } = await pool.query<{ readonly credential: string; readonly used_ms: number }>({
        name: 'last-uses-of-device',
        text: `select credential, ${toMilliseconds('last_used_at')} as used_ms from device_credential
          where tenant = $1 and device = $2 and last_used_at is not null`,
        values: [tenant, device],
      });
      return new Map(rows.map(({ credential, used_ms: usedAt }) => [credential, usedAt]));
    },
    caughtUp: (shard, position, timeoutMs) => passed.wait(shard, position, timeoutMs),
  };
  return { history, subscriber };
}

const LIST = `select session_epoch as "sessionEpoch", ${toMilliseconds('connected_at')} as "connectedAt",
    ${toMilliseconds('disconnected_at')} as "disconnectedAt", reason, address, listener, protocol_level as "protocolLevel",
    client_id as "clientId", credential, sequence, ended_sequence as "endedSequence"
  from device_connection
  where tenant = $1 and device = $2 and connected_at <= ${fromMilliseconds('$4::float8')}
    and (disconnected_at is null or disconnected_at >= ${fromMilliseconds('$3::float8')})
    and ($5::int8 is null or session_epoch < $5)
  order by session_epoch desc limit $6`;

async function listConnections(pool: pg.Pool, query: ConnectionQuery): Promise<readonly ConnectionRecord[]> {
  const { tenant, device, from, to, beforeEpoch, limit } = query;
  const { rows } = await pool.query<ConnectionRecord>({
    name: 'list-connections',
    text: LIST,
    values: [tenant, device, from, to, beforeEpoch, limit],
  });
  return rows;
}

/** What is still open counts until the end of the window. */
const SUM_CONNECTED = `select coalesce(sum(extract(epoch from
      least(coalesce(disconnected_at, 'infinity'), window_end) - greatest(connected_at, window_begin)) * 1000), 0)::float8 as ms
  from (select ${fromMilliseconds('$3::float8')} as window_begin, ${fromMilliseconds('$4::float8')} as window_end) as bounds
  join device_connection on tenant = $1 and device = $2 and connected_at < window_end
    and (disconnected_at is null or disconnected_at > window_begin)`;

async function sumConnected(pool: pg.Pool, tenant: string, device: string, from: number, to: number): Promise<number> {
  const { rows } = await pool.query<{ readonly ms: number }>({
    name: 'sum-connected',
    text: SUM_CONNECTED,
    values: [tenant, device, from, to],
  });
  return rows[0]?.ms ?? 0;
}
