import type { Schema } from '../../data/client.js';
import type { LampState } from '../../components/lamp.js';
import { disconnectWords } from '../../format/events.js';
import { counted } from '../../format/numbers.js';

export type Device = Schema<'Device'>;

/** A clock that is wrong by more is worth a badge. */
export const SKEW_MS = 2_000;

/** What a device's lamp says, why, and since when. */
export interface DeviceLamp {
  readonly state: LampState;
  /** Where the shape's own word would say less. */
  readonly word?: string;
  readonly reason: string;
  /** RFC 3339; absent where it never was anything else. */
  readonly since: string | undefined;
}

/** So many takings-over within five minutes are no reconnects any more: somebody else has the certificate too. */
const CONTESTED = 3;

/** Whether another device seems to use the same certificate. */
export function isContested({ takenOver }: Device): boolean {
  return (takenOver?.count ?? 0) >= CONTESTED;
}

export function lampOf(device: Device): DeviceLamp {
  const { enabled, connection, updatedAt, takenOver } = device;
  const { connected, sessionEpoch, connectedAt, disconnectedAt, disconnectReason } = connection;
  if (!enabled) return { state: 'disabled', reason: 'by an administrator', since: updatedAt };
  if (takenOver && isContested(device)) {
    const reason = `${counted(takenOver.count, 'time')} in 5 min, the last`;
    return { state: 'silent', word: 'taken over', reason, since: takenOver.lastAt };
  }
  if (connected) return { state: 'online', reason: 'connected', since: connectedAt ?? undefined };
  if (sessionEpoch === 0) return { state: 'never', reason: '', since: undefined };
  const ended = { reason: disconnectWords(disconnectReason ?? ''), since: disconnectedAt ?? undefined };
  if (disconnectReason === 'CREDENTIAL_REVOKED') return { ...ended, state: 'disabled', word: 'revoked', reason: '' };
  return { state: 'offline', ...ended };
}

/** The later of two times, either of which may be absent. */
export function later(one: string | null | undefined, other: string | null | undefined): string | undefined {
  if (one === null || one === undefined) return other ?? undefined;
  if (other === null || other === undefined) return one;
  return Date.parse(one) > Date.parse(other) ? one : other;
}
