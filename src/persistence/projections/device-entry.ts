import type { DeviceEvent, DeviceProfile } from '../../actors/device/events.js';
import type { EvolveContext } from '../../actors/kernel/decider.js';
import type { DeviceSummary } from '../../actors/kernel/ports/device-index.js';

/** What the index holds of one device. */
export interface DeviceEntry {
  readonly summary: DeviceSummary;
  /** False while a deleted device still has its connection. */
  readonly registered: boolean;
  /** Which life of which node held the last connection; empty before the first. */
  readonly life: string;
  /** SHA-256 (hex) of each token that is not revoked, by token id. */
  readonly tokens: ReadonlyMap<string, string>;
}

/** Events that change an entry; all others, telemetry above all, are passed over undecoded. */
const INDEXED = [
  ...(['DeviceRegistered', 'DeviceUpdated', 'DeviceEnabled', 'DeviceDisabled', 'DeviceDeleted'] as const),
  ...(['TokenIssued', 'TokenRevoked', 'DeviceConnected', 'DeviceDisconnected'] as const),
];

export type IndexedEvent = Extract<DeviceEvent, { readonly type: (typeof INDEXED)[number] }>;

export const INDEXED_TYPES: ReadonlySet<string> = new Set(INDEXED);

const NEVER_CONNECTED = {
  ...{ connected: false, sessionEpoch: 0 },
  ...{ connectedAt: null, disconnectedAt: null, disconnectReason: null },
};

/** Folds one event into a device's entry; `undefined` = not in the index. */
export function evolveEntry(
  entry: DeviceEntry | undefined,
  event: IndexedEvent,
  { sequence, occurredAt }: EvolveContext,
): DeviceEntry | undefined {
  if (event.type === 'DeviceRegistered') {
    const { id, profile, enabled } = event.data;
    const { connected, sessionEpoch, connectedAt, disconnectedAt, disconnectReason } =
      entry?.summary ?? NEVER_CONNECTED;
    const connection = { connected, sessionEpoch, connectedAt, disconnectedAt, disconnectReason };
    const summary = {
      ...ofProfile(profile),
      ...connection,
      ...{ id, enabled, registeredAt: occurredAt, revision: sequence },
    };
    return { summary, registered: true, life: entry?.life ?? '', tokens: new Map() };
  }
  if (entry === undefined) return undefined;
  const change = (changed: Partial<DeviceSummary>) => ({ ...entry, summary: { ...entry.summary, ...changed } });
  switch (event.type) {
    case 'DeviceUpdated':
      return change({ ...ofProfile(event.data.profile), revision: sequence });
    case 'DeviceEnabled':
      return change({ enabled: true, revision: sequence });
    case 'DeviceDisabled':
      return change({ enabled: false, revision: sequence });
    case 'DeviceDeleted':
      return entry.summary.connected ? { ...entry, registered: false, tokens: new Map() } : undefined;
    case 'TokenIssued':
      return { ...entry, tokens: new Map([...entry.tokens, [event.data.tokenId, event.data.sha256]]) };
    case 'TokenRevoked':
      return { ...entry, tokens: new Map([...entry.tokens].filter(([tokenId]) => tokenId !== event.data.tokenId)) };
    case 'DeviceConnected':
      return {
        ...change({
          ...NEVER_CONNECTED,
          connected: true,
          sessionEpoch: event.data.sessionEpoch,
          connectedAt: occurredAt,
        }),
        life: event.data.life,
      };
    case 'DeviceDisconnected':
      // The end of an earlier connection, or one that was told already.
      if (event.data.sessionEpoch !== entry.summary.sessionEpoch || !entry.summary.connected) return entry;
      return entry.registered
        ? change({ connected: false, disconnectedAt: occurredAt, disconnectReason: event.data.reason })
        : undefined;
  }
}

function ofProfile({ type, name, tags, gateway, via }: DeviceProfile) {
  return { type: type ?? null, name: name ?? null, tags, gateway, via };
}
