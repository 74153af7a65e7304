import type { Recent } from '../recent-series.js';

/** A row of the device list. Times are ms since 1970. */
export interface DeviceSummary {
  readonly id: string;
  readonly type: string | null;
  readonly name: string | null;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  readonly gateway: boolean;
  readonly via: readonly string[];
  readonly connected: boolean;
  readonly sessionEpoch: number;
  /** Begin of the connection, or of the last one; null before the first. */
  readonly connectedAt: number | null;
  /** End of the last connection; null while it lasts, and before the first. */
  readonly disconnectedAt: number | null;
  /** Why it ended. */
  readonly disconnectReason: string | null;
  readonly registeredAt: number;
  /** Sequence of the last event that changed the registry entry: the strong ETag. */
  readonly revision: number;
}

/** Which devices are wanted. */
export interface DeviceSelection {
  readonly tenant: string;
  /** Substring of id, name or tag, case-insensitive. */
  readonly search?: string;
  /** A disabled device is in no other state. */
  readonly state?: 'online' | 'offline' | 'never' | 'disabled';
}

/** `lastSeen`: when a device was connected last, so that those that are come last, and those that never were first. */
export type DeviceSort = 'id' | 'name' | 'type' | 'lastSeen' | 'registeredAt';

export interface DeviceListQuery extends DeviceSelection {
  readonly sort: DeviceSort | `-${DeviceSort}`;
  readonly limit: number;
  /** Sort value and id of the last row of the previous page. */
  readonly after?: { readonly value: string | number | null; readonly id: string };
}

/** How many devices of a tenant are in which state; a disabled device counts as disabled alone. */
export interface DeviceCounts {
  readonly total: number;
  readonly online: number;
  readonly offline: number;
  readonly neverSeen: number;
  readonly disabled: number;
}

/** In the place of a time, for a device that is connected now: `lastSeen` as a number. */
export const STILL_THERE = Number.MAX_SAFE_INTEGER;

/** Projection of all device streams; rebuilt from position 0. */
export interface DeviceIndex {
  list(query: DeviceListQuery): Promise<readonly DeviceSummary[]>;
  count(tenant: string): Promise<DeviceCounts>;
  /** How many devices the selection holds. */
  countMatching(selection: DeviceSelection): Promise<number>;
  /** Device that owns a token, by the token's SHA-256 (hex); for credentials that do not name their device. */
  deviceOfToken(sha256: string): Promise<{ readonly tenant: string; readonly device: string } | undefined>;
  /** Devices that were connected, when the projection last heard of them, to a life of a node that holds no lease. */
  lost(
    afterTenant: string,
    afterId: string,
    limit: number,
  ): Promise<readonly { readonly tenant: string; readonly device: string; readonly sessionEpoch: number }[]>;
  /** Which of these ids belong to registered devices. */
  registered(tenant: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Resolves when the projection has passed this position (read your own write), or after `timeoutMs`. */
  caughtUp(shard: number, position: number, timeoutMs: number): Promise<void>;
}

/** A device that was refused when it tried to connect. Its name may be a stranger's claim: it need not be registered. */
export interface RefusedConnect {
  readonly device: string;
  /** Remote address of the last attempt, without the port. */
  readonly address: string;
  /** Why the last attempt was refused: a code of `errors.ts`, or a reason of the protocol such as `CLIENT_ID_INVALID`. */
  readonly code: string;
}

/** Refused connects of the last five minutes, as this node has seen them. */
export interface RefusedConnects {
  of(tenant: string, device: string): Recent<RefusedConnect> | undefined;
  /** Those whose name our authority vouches for first, each kind with the most frequent first. */
  recent(tenant: string): readonly Recent<RefusedConnect>[];
}
