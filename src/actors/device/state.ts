import type { ExpiryDays } from '../kernel/expiry.js';
import type { CertificateIssued, DeviceProfile, DisconnectReason } from './events.js';
import type { RecentIds } from './recent-ids.js';

/** A device certificate and what became of it. */
export type CertificateEntry = CertificateIssued['data'] & {
  readonly issuedAt: number;
  readonly sequence: number;
  /** Days before its end at which that was told last. */
  readonly toldDays?: ExpiryDays;
  readonly revokedAt?: number;
  readonly revokeReason?: string;
};
export interface TokenEntry {
  readonly tokenId: string;
  readonly sha256: string;
  readonly label?: string;
  readonly issuedAt: number;
  readonly sequence: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  readonly revokeReason?: string;
}

/** State of a device: the fold of its stream. */
export interface DeviceState {
  /** `absent` before the first `DeviceRegistered`. */
  status: 'absent' | 'registered' | 'deleted';
  id: string;
  tenant: string;
  profile: DeviceProfile;
  enabled: boolean;
  registeredAt: number;
  updatedAt: number;
  /** Sequence of the last event that changed the registry entry: the ETag. Credentials, connections and telemetry leave it. */
  revision: number;
  certificates: Map<string, CertificateEntry>;
  tokens: Map<string, TokenEntry>;
  connection: {
    sessionEpoch: number;
    connected: boolean;
    /** Fingerprint or token id of the current or last connection. */
    credential: string | null;
    /** Sequence of the registry event that allowed it. */
    policySequence: number;
    address: string | null;
    connectedAt: number | null;
    disconnectedAt: number | null;
    disconnectReason: DisconnectReason | null;
  };
  readonly recentIds: RecentIds;
  /** `occurredAt` of the last accepted message: by the device's own clock where it sent a time. */
  lastAcceptedAt: number | null;
  /** Server time of the last refused message. */
  lastRejectedAt: number | null;
  /** How many messages were refused so far. */
  rejected: number;
}
