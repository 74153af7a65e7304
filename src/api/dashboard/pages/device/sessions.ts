import type { JournalEvent } from '../../data/live.js';

/** One MQTT connection of a device. */
export interface ConnectionSession {
  readonly epoch: number;
  /** ms since 1970. */
  readonly from: number;
  /** Absent while it stands. */
  readonly to: number | undefined;
  readonly reason: string;
}

/** Sessions out of the events that begin and end them, the newest first. Events may come twice and in any order. */
export function sessionsOf(events: readonly JournalEvent[]): readonly ConnectionSession[] {
  const begun = new Map<number, number>();
  const ended = new Map<number, { at: number; reason: string }>();
  for (const { type, recordedAt, payload } of events) {
    const { sessionEpoch = 0, reason = '' } = payload as { sessionEpoch?: number; reason?: string };
    if (type === 'DeviceConnected') begun.set(sessionEpoch, Date.parse(recordedAt));
    else if (type === 'DeviceDisconnected') ended.set(sessionEpoch, { at: Date.parse(recordedAt), reason });
  }
  return [...begun]
    .sort(([a], [b]) => b - a)
    .map(([epoch, from]) => ({ epoch, from, to: ended.get(epoch)?.at, reason: ended.get(epoch)?.reason ?? '' }));
}
