import { createJsonCodec } from '../kernel/json-codec.js';
import type { DeviceEvent } from './events.js';
import { RecentIds } from './recent-ids.js';
import type { CertificateEntry, DeviceState, TokenEntry } from './state.js';
import { DEVICE_EVENT_VERSIONS, DEVICE_UPCASTERS } from './upcasters.js';

/** The state with its maps and sets as lists; their order is part of the state. */
type DeviceSnapshot = Omit<DeviceState, 'certificates' | 'tokens' | 'recentIds'> & {
  readonly certificates: readonly CertificateEntry[];
  readonly tokens: readonly TokenEntry[];
  readonly recentIds: readonly string[];
};

/** Bytes of a device's events (payload schemas in `schemas/`) and of its snapshot. */
export const deviceCodec = createJsonCodec<DeviceEvent, DeviceState>({
  versions: DEVICE_EVENT_VERSIONS,
  upcasters: DEVICE_UPCASTERS,
  snapshotVersion: 1,
  toSnapshot: (state): DeviceSnapshot => ({
    ...state,
    connection: { ...state.connection },
    certificates: [...state.certificates.values()],
    tokens: [...state.tokens.values()],
    recentIds: [...state.recentIds],
  }),
  fromSnapshot(value): DeviceState {
    const snapshot = value as DeviceSnapshot;
    return {
      ...snapshot,
      certificates: new Map(snapshot.certificates.map((entry) => [entry.fingerprint, entry])),
      tokens: new Map(snapshot.tokens.map((entry) => [entry.tokenId, entry])),
      recentIds: new RecentIds(snapshot.recentIds),
    };
  },
});
