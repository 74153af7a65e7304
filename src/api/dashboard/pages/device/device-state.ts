import type { Schema } from '../../data/client.js';
import type { LampState } from '../../components/lamp.js';
import { disconnectWords } from '../../format/events.js';

export type Device = Schema<'Device'>;

/** What a device's lamp says, why, and since when. */
export interface DeviceLamp {
  readonly state: LampState;
  /** Where the shape's own word would say less. */
  readonly word?: string;
  readonly reason: string;
  /** RFC 3339; absent where it never was anything else. */
  readonly since: string | undefined;
}

export function lampOf({ enabled, connection, updatedAt }: Device): DeviceLamp {
  const { connected, sessionEpoch, connectedAt, disconnectedAt, disconnectReason } = connection;
  if (!enabled) return { state: 'disabled', reason: 'by an administrator', since: updatedAt };
  if (connected) return { state: 'online', reason: 'connected', since: connectedAt ?? undefined };
  if (sessionEpoch === 0) return { state: 'never', reason: '', since: undefined };
  const ended = { reason: disconnectWords(disconnectReason ?? ''), since: disconnectedAt ?? undefined };
  if (disconnectReason === 'CREDENTIAL_REVOKED') return { state: 'disabled', word: 'revoked', ...ended };
  return { state: 'offline', ...ended };
}

/** The later of two times, either of which may be absent. */
export function later(one: string | null | undefined, other: string | null | undefined): string | undefined {
  if (one === null || one === undefined) return other ?? undefined;
  if (other === null || other === undefined) return one;
  return Date.parse(one) > Date.parse(other) ? one : other;
}
