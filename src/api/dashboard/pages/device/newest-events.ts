import { get } from '../../data/client.js';
import type { JournalEvent } from '../../data/live.js';
import { later, type Device } from './device-state.js';

/** The newest events of a stream, and the position behind which the live stream goes on. */
export interface NewestEvents {
  readonly events: readonly JournalEvent[];
  readonly after: string | undefined;
}

/** How far back a page looks. */
const SEQUENCES = 120;
const BEFORE_MS = 60_000;
const PAGE = 1000;

/** Streams are read forwards: the newest value of a metric tells about where the end is. */
export async function readNewest(device: Device, signal: AbortSignal): Promise<NewestEvents> {
  const path = { deviceId: device.id };
  const { items } = await get('/api/v1/devices/{deviceId}/telemetry/latest', { path, signal });
  const sequence = Math.max(0, ...items.map((item) => item.sequence));
  let events: readonly JournalEvent[] = [];
  let cursor: string | undefined;
  const from = sequence > 0 ? String(Math.max(1, sequence - SEQUENCES)) : timeBefore(device);
  do {
    const page = await get('/api/v1/devices/{deviceId}/events', {
      path,
      query: { from, limit: PAGE, cursor },
      signal,
    });
    events = [...events, ...page.items].slice(-PAGE);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  const last = events.at(-1);
  return { events, after: last && `${last.shard}:${last.position}` };
}

/** Without a value to go by: a minute before the last thing that is known of the device. */
function timeBefore({ registeredAt, lastRejectedAt, connection }: Device): string {
  const last = later(later(registeredAt, lastRejectedAt), later(connection.connectedAt, connection.disconnectedAt));
  return new Date(Date.parse(last ?? registeredAt) - BEFORE_MS).toISOString();
}
