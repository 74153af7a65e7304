import type { DeviceConnected, DeviceDisconnected, DeviceEvent } from '../../actors/device/events.js';
import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';

/** What a batch says about one connection; without `begin` it began earlier. */
export interface PendingConnection {
  readonly tenant: string;
  readonly device: string;
  readonly sessionEpoch: number;
  readonly begin?: { readonly sequence: number; readonly at: number; readonly data: DeviceConnected['data'] };
  readonly end?: { readonly sequence: number; readonly at: number; readonly reason: string };
}

/** What a batch says about one credential. */
export interface PendingCredential {
  readonly tenant: string;
  readonly device: string;
  readonly credential: string;
  issued?: {
    readonly kind: 'certificate' | 'token';
    readonly serial?: string;
    readonly keyType?: string;
    readonly at: number;
    readonly sequence: number;
    readonly expiresAt?: number | undefined;
  };
  revoked?: { readonly at: number; readonly sequence: number; readonly reason: string };
  /** Days before its end at which that was told. */
  told?: number;
  used?: { readonly first: number; readonly last: number };
}

/** A device that is gone: the credentials that it had then are revoked. */
export interface PendingDeletion {
  readonly tenant: string;
  readonly device: string;
  readonly at: number;
  readonly sequence: number;
}

export interface ConnectionFold {
  readonly connections: readonly PendingConnection[];
  readonly credentials: readonly PendingCredential[];
  readonly deletions: readonly PendingDeletion[];
}

/** Events that say something about connections or credentials; all others are passed over undecoded. */
const TYPES = [
  ...(['DeviceConnected', 'DeviceDisconnected', 'DeviceDeleted'] as const),
  ...(['CertificateIssued', 'CertificateRevoked', 'CertificateExpiring', 'TokenIssued', 'TokenRevoked'] as const),
];

export const CONNECTION_HISTORY_TYPES: ReadonlySet<string> = new Set(TYPES);

type HistoryEvent = Extract<DeviceEvent, { readonly type: (typeof TYPES)[number] }>;

/** Folds a batch, each connection and each credential into one change. No row is read for it. */
export function foldConnections(
  events: readonly RecordedEvent[],
  decode: (event: RecordedEvent) => DeviceEvent,
): ConnectionFold {
  const connections = new Map<string, PendingConnection>();
  const credentials = new Map<string, PendingCredential>();
  const deletions: PendingDeletion[] = [];
  for (const recorded of events) {
    const { stream, sequence, occurredAt: at } = recorded;
    const { tenant, id: device = '' } = parseStreamKey(stream);
    const event = decode(recorded) as HistoryEvent; // its type is one of TYPES
    const connection = ({ data: { sessionEpoch } }: DeviceConnected | DeviceDisconnected): void => {
      const key = `${stream} ${sessionEpoch}`;
      const before = connections.get(key) ?? { tenant, device, sessionEpoch };
      const change =
        event.type === 'DeviceConnected'
          ? { begin: { sequence, at, data: event.data } }
          : { end: { sequence, at, reason: (event as DeviceDisconnected).data.reason } };
      // The first end counts, as it does for a row.
      connections.set(key, { ...change, ...before });
    };
    const credentialOf = (credential: string): PendingCredential => {
      const key = `${stream} ${credential}`;
      let known = credentials.get(key);
      if (known === undefined) credentials.set(key, (known = { tenant, device, credential }));
      return known;
    };
    switch (event.type) {
      case 'DeviceConnected': {
        connection(event);
        const used = credentialOf(event.data.credential);
        used.used = { first: used.used?.first ?? at, last: at };
        break;
      }
      case 'DeviceDisconnected':
        connection(event);
        break;
      case 'CertificateIssued': {
        const { fingerprint, serial, keyType, notAfter: expiresAt } = event.data;
        credentialOf(fingerprint).issued = { kind: 'certificate', serial, keyType, at, sequence, expiresAt };
        break;
      }
      case 'CertificateExpiring':
        credentialOf(event.data.fingerprint).told = event.data.days;
        break;
      case 'TokenIssued':
        credentialOf(event.data.tokenId).issued = { kind: 'token', at, sequence, expiresAt: event.data.expiresAt };
        break;
      case 'CertificateRevoked':
        credentialOf(event.data.fingerprint).revoked ??= { at, sequence, reason: event.data.reason };
        break;
      case 'TokenRevoked':
        credentialOf(event.data.tokenId).revoked ??= { at, sequence, reason: event.data.reason };
        break;
      case 'DeviceDeleted':
        deletions.push({ tenant, device, at, sequence });
        break;
    }
  }
  return { connections: [...connections.values()], credentials: [...credentials.values()], deletions };
}
