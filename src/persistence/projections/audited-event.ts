import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';

/** In metadata as `origin.ts` writes it: text of clients can not look like it, its quotes are escaped. */
const BY_DEVICE = Buffer.from('"principal":"device/');

/**
 * Whether an event is somebody's doing: everything but what devices say, and in their streams what the platform notes of their
 * connections.
 */
export function isAudited({ stream, type, metadata }: RecordedEvent): boolean {
  if (metadata.includes(BY_DEVICE)) return false;
  return !stream.startsWith('device/') || (type !== 'DeviceDisconnected' && type !== 'DeviceConnected');
}

/** @returns `system/unknown` for an event without origin, which no Fleetlog writes */
export function principalOf({ metadata }: RecordedEvent): string {
  const { principal } = JSON.parse(metadata.toString()) as { readonly principal?: unknown };
  return typeof principal === 'string' ? principal : 'system/unknown';
}
