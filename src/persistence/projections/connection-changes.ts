import type pg from 'pg';

import type { DeviceConnected, DeviceDisconnected } from '../../actors/device/events.js';
import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { moveParameters, MOVED, type CheckpointMove } from '../checkpoints.js';
import { fromMilliseconds } from '../sql-time.js';

export type ConnectionEvent = DeviceConnected | DeviceDisconnected;

/** What a batch says about one connection of one device. */
interface ConnectionChange {
  readonly tenant: string;
  readonly device: string;
  readonly sessionEpoch: number;
  /** The batch holds its beginning, so it is the device's newest whatever the row says. */
  readonly began: boolean;
  /** Who holds it, known from its beginning. */
  readonly life: string;
  /** ms since 1970, known from its beginning. */
  readonly beganAt: number | null;
  /** Absent while it lasts. */
  end: { readonly at: number; readonly reason: string } | undefined;
}

/** Folds connection events without reading a row: an end counts only for the row, or the beginning, of its own epoch. */
export function connectionChanges(
  events: readonly { readonly recorded: RecordedEvent; readonly decoded: ConnectionEvent }[],
): readonly ConnectionChange[] {
  const newest = new Map<string, ConnectionChange>();
  const ends = new Map<string, ConnectionChange>();
  for (const { recorded, decoded } of events) {
    const { tenant, id: device = '' } = parseStreamKey(recorded.stream);
    const { sessionEpoch } = decoded.data;
    const at = recorded.occurredAt;
    const begun = newest.get(recorded.stream);
    if (decoded.type === 'DeviceConnected') {
      const { life } = decoded.data;
      const beginning = { began: true, life, beganAt: at, end: undefined };
      newest.set(recorded.stream, { tenant, device, sessionEpoch, ...beginning });
      continue;
    }
    const end = { at, reason: decoded.data.reason };
    if (begun === undefined) {
      const key = `${recorded.stream} ${sessionEpoch}`;
      if (!ends.has(key)) ends.set(key, { tenant, device, sessionEpoch, began: false, life: '', beganAt: null, end });
    } else if (begun.sessionEpoch === sessionEpoch) begun.end ??= end;
  }
  // A device's beginning in the batch outdates the ends that came before it.
  const isCurrent = ({ tenant, device }: ConnectionChange): boolean => !newest.has(`device/${tenant}/${device}`);
  return [...newest.values(), ...[...ends.values()].filter(isCurrent)];
}

/**
 * Moves the checkpoint and stores the changes in one statement: connects come by the thousand, and a transaction of eight
 * statements for each would cost more than the connect itself (bench `reconnect`).
 * @returns whether the checkpoint was at `from`; nothing is stored when it was not
 */
export async function storeConnections(
  pool: pg.Pool,
  move: CheckpointMove,
  changes: readonly ConnectionChange[],
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'store-connections',
    text: `with ${MOVED}, change as (
        select c.*, ended is null as connected
        from moved, unnest($5::text[], $6::text[], $7::int8[], $8::bool[], $9::text[], $10::float8[], $11::float8[], $12::text[])
          as c(tenant, id, session_epoch, began, life, began_at, ended, reason)
      ), gone as (
        delete from device_index d using change c
        where d.tenant = c.tenant and d.id = c.id and not d.registered and not c.connected
          and (c.began or d.session_epoch = c.session_epoch)
      ), stored as (
        update device_index d set connected = c.connected, session_epoch = c.session_epoch,
          life = case when c.began then c.life else d.life end,
          connected_at = case when c.began then ${fromMilliseconds('c.began_at')} else d.connected_at end,
          disconnected_at = ${fromMilliseconds('c.ended')}, disconnect_reason = c.reason from change c
        where d.tenant = c.tenant and d.id = c.id and (d.registered or c.connected)
          and (c.began or d.connected and d.session_epoch = c.session_epoch)
      ) select from moved`,
    values: [
      ...moveParameters(move),
      changes.map(({ tenant }) => tenant),
      changes.map(({ device }) => device),
      changes.map(({ sessionEpoch }) => sessionEpoch),
      changes.map(({ began }) => began),
      changes.map(({ life }) => life),
      changes.map(({ beganAt }) => beganAt),
      changes.map(({ end }) => end?.at ?? null),
      changes.map(({ end }) => end?.reason ?? null),
    ],
  });
  return rowCount === 1;
}
