/**
 * What connections and credentials of devices are read from: projections of the device streams (`persistence/projections`).
 * Times are milliseconds since 1970.
 */

/** A device certificate of any tenant. */
export interface CertificatePlace {
  readonly tenant: string;
  readonly device: string;
  readonly fingerprint: string;
}

/** A connection of a device, from its CONNECT to its end. */
export interface ConnectionRecord {
  readonly sessionEpoch: number;
  readonly connectedAt: number;
  readonly disconnectedAt: number | null;
  /** Why it ended. */
  readonly reason: string | null;
  /** Remote address without the port. */
  readonly address: string;
  readonly listener: string;
  /** 3 = MQTT 3.1, 4 = MQTT 3.1.1. */
  readonly protocolLevel: number;
  /** As on the wire. */
  readonly clientId: string;
  /** Fingerprint of the certificate or id of the token. */
  readonly credential: string;
  /** Of the event that began it, and of the one that ended it. */
  readonly sequence: number;
  readonly endedSequence: number | null;
}

export interface ConnectionQuery {
  readonly tenant: string;
  readonly device: string;
  /** Connections that were open at some time of this window, both ends included. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  /** Older ones than this. */
  readonly beforeEpoch?: number | undefined;
}

/** `superseded`: good still, but the device has connected with a newer one. */
export type CertificateState = 'active' | 'superseded' | 'expired' | 'revoked';

export interface CertificateRecord {
  readonly fingerprint: string;
  readonly device: string;
  readonly serial: string;
  readonly keyType: string;
  readonly issuedAt: number;
  readonly notAfter: number;
  readonly state: CertificateState;
  readonly revokedAt: number | null;
  readonly revokeReason: string | null;
  /** Of the event that revoked it. */
  readonly revokedSequence: number | null;
  /** Of the last CONNECT with it. */
  readonly lastUsedAt: number | null;
}

export interface CertificateQuery {
  readonly tenant: string;
  readonly now: number;
  readonly state?: CertificateState | undefined;
  readonly device?: string | undefined;
  /** Those that end until then. */
  readonly notAfterUntil?: number | undefined;
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: { readonly notAfter: number; readonly fingerprint: string } | undefined;
}

export interface ConnectionHistory {
  /** The newest first. */
  list(query: ConnectionQuery): Promise<readonly ConnectionRecord[]>;
  /** How long of the window the device was connected, ms. */
  connectedMs(tenant: string, device: string, from: number, to: number): Promise<number>;
  /** Those that end first come first. */
  certificates(query: CertificateQuery): Promise<readonly CertificateRecord[]>;
  /** How many there are of them on all pages together. */
  countCertificates(query: Omit<CertificateQuery, 'limit' | 'after'>): Promise<number>;
  /**
   * Good certificates whose device has connected with a newer good one at `usedUntil` or before, of all tenants.
   * @param now what has expired by then is neither
   */
  supersededSince(usedUntil: number, now: number, limit: number): Promise<readonly CertificatePlace[]>;
  /**
   * Certificates of all tenants that have passed a threshold before their end (`expiry.ts`) of which the view does not know that
   * it was told. Superseded ones are left out: their devices have gone on.
   * @param after the last one of the page before
   */
  expiringUntold(now: number, after: CertificatePlace | undefined, limit: number): Promise<readonly CertificatePlace[]>;
  /** When each credential of a device was used last; those that never were are absent. */
  lastUses(tenant: string, device: string): Promise<ReadonlyMap<string, number>>;
  /** Resolves when the projection has passed this position, or after `timeoutMs`. */
  caughtUp(shard: number, position: number, timeoutMs: number): Promise<void>;
}
