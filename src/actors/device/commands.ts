import type {
  CertificateIssued,
  DeviceConnected,
  DeviceProfile,
  DisconnectReason,
  MessageRejected,
  TelemetryValue,
} from './events.js';

/** Commands carry what their sender knows; time comes from the decision's context. Each may be refused. */
export type RegisterDevice = {
  readonly type: 'RegisterDevice';
  readonly id: string;
  readonly profile: DeviceProfile;
  readonly enabled: boolean;
};
/** RFC 7396 merge patch over the registry entry (profile members and `enabled`). */
export type UpdateDevice = {
  readonly type: 'UpdateDevice';
  readonly patch: Readonly<Record<string, unknown>>;
  /** from `If-Match` */ readonly ifRevision?: number;
};
export type DeleteDevice = { readonly type: 'DeleteDevice'; readonly reason?: string; readonly ifRevision?: number };

/** At most two active certificates; a repeat for the same public key changes nothing. */
export type AddCertificate = { readonly type: 'AddCertificate'; readonly certificate: CertificateIssued['data'] };
/** Idempotent: revoking a revoked one changes nothing. */
export type RevokeCertificate = {
  readonly type: 'RevokeCertificate';
  readonly fingerprint: string;
  readonly reason: string;
};
/** Idempotent: a threshold that was told changes nothing, nor does a certificate that is far from its end, revoked or expired. */
export type TellExpiry = { readonly type: 'TellExpiry'; readonly fingerprint: string };
export type AddToken = {
  readonly type: 'AddToken';
  readonly tokenId: string;
  readonly sha256: string;
  readonly expiresAt?: number;
  readonly label?: string;
};
export type RevokeToken = { readonly type: 'RevokeToken'; readonly tokenId: string; readonly reason: string };

export type Credential =
  | { readonly kind: 'certificate'; /** SHA-256 of the DER, lower-case hex */ readonly fingerprint: string }
  | { readonly kind: 'token'; /** hex */ readonly sha256: string };
/** Decides whether the credential may connect; accepted = the next session epoch begins. */
export type ConnectDevice = {
  readonly type: 'ConnectDevice';
  readonly credential: Credential;
  readonly connection: Omit<DeviceConnected['data'], 'sessionEpoch' | 'credential'>;
};
/** Ignored unless `sessionEpoch` is the current one. */
export type DisconnectDevice = {
  readonly type: 'DisconnectDevice';
  readonly sessionEpoch: number;
  readonly reason: DisconnectReason;
};

export interface TelemetryRecord {
  readonly values: Readonly<Record<string, TelemetryValue>>;
  /** ms since 1970; absent = when it is decided. */
  readonly ts?: number;
  /** Deduplicated in a window of 1024 per device. */
  readonly id?: string;
}
/** Messages carry the session epoch of their connection; those of an older epoch are refused with `SESSION_SUPERSEDED`, without an event. */
export type RecordTelemetry = {
  readonly type: 'RecordTelemetry';
  readonly sessionEpoch: number;
  readonly records: readonly TelemetryRecord[];
};
export type RecordDeviceEvent = {
  readonly type: 'RecordDeviceEvent';
  readonly sessionEpoch: number;
  readonly name: string;
  readonly body: unknown;
};
/** The edge refused a message (topic, grammar, schema): journals `MessageRejected` and answers `rejected` with its code. */
export type RejectMessage = {
  readonly type: 'RejectMessage';
  readonly sessionEpoch: number;
  readonly message: MessageRejected['data'];
};

export type DeviceCommand =
  | RegisterDevice
  | UpdateDevice
  | DeleteDevice
  | AddCertificate
  | RevokeCertificate
  | TellExpiry
  | AddToken
  | RevokeToken
  | ConnectDevice
  | DisconnectDevice
  | RecordTelemetry
  | RecordDeviceEvent
  | RejectMessage;
