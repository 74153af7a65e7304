import type { DomainEvent } from '../kernel/decider.js';
import type { ExpiryDays } from '../kernel/expiry.js';

/** A telemetry value: number, boolean, string, or an object of free JSON. */
export type TelemetryValue = number | boolean | string | { readonly [key: string]: unknown };

/** The registry entry as users write it (`interfaces.md` §4). */
export interface DeviceProfile {
  readonly type?: string;
  readonly name?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly groups: readonly string[];
  /** Gateways that may act for this device. */
  readonly via: readonly string[];
  readonly gateway: boolean;
  /** Expected silence between two signs of life, seconds. */
  readonly heartbeat?: { readonly interval: number; readonly grace: number };
}

export type DeviceRegistered = DomainEvent<
  'DeviceRegistered',
  { readonly id: string; readonly profile: DeviceProfile; readonly enabled: boolean }
>;
/** `profile` is the whole profile after the change. */
export type DeviceUpdated = DomainEvent<'DeviceUpdated', { readonly profile: DeviceProfile }>;
export type DeviceEnabled = DomainEvent<'DeviceEnabled', Record<string, never>>;
export type DeviceDisabled = DomainEvent<'DeviceDisabled', { readonly reason?: string }>;
/** Ends all credentials of the device; its history stays. The id may be registered again. */
export type DeviceDeleted = DomainEvent<'DeviceDeleted', { readonly reason?: string }>;

export type CertificateIssued = DomainEvent<
  'CertificateIssued',
  {
    /** SHA-256 of the DER, lower-case hex. */
    readonly fingerprint: string;
    readonly serial: string;
    /** PEM. */
    readonly certificate: string;
    readonly keyType: string;
    readonly publicKeySha256: string;
    readonly notBefore: number;
    readonly notAfter: number;
  }
>;
export type CertificateRevoked = DomainEvent<
  'CertificateRevoked',
  { readonly fingerprint: string; readonly reason: string }
>;
/** Once per threshold (SEC-33). */
export type CertificateExpiring = DomainEvent<
  'CertificateExpiring',
  { readonly fingerprint: string; readonly notAfter: number; /** Less is left. */ readonly days: ExpiryDays }
>;
export type TokenIssued = DomainEvent<
  'TokenIssued',
  { readonly tokenId: string; /** hex */ readonly sha256: string; readonly expiresAt?: number; readonly label?: string }
>;
export type TokenRevoked = DomainEvent<'TokenRevoked', { readonly tokenId: string; readonly reason: string }>;

export type DeviceConnected = DomainEvent<
  'DeviceConnected',
  {
    /** 1, 2, 3 … per device. */
    readonly sessionEpoch: number;
    /** Client id as sent on the wire. */
    readonly clientId: string;
    readonly address: string;
    readonly listener: 'mqtts' | 'mqtt' | 'wss';
    readonly protocolLevel: number;
    /** Seconds. */
    readonly keepAlive: number;
    readonly cleanSession: boolean;
    /** Fingerprint of the certificate or id of the token. */
    readonly credential: string;
    /** Name of the node that holds the connection; empty in journals of before there was a name. */
    readonly node: string;
    /** Which life of the node: another one after each start. Empty as `node` is. */
    readonly life: string;
  }
>;
export type DisconnectReason =
  | 'CLIENT_DISCONNECT'
  | 'CONNECTION_LOST'
  | 'KEEP_ALIVE_TIMEOUT'
  | 'TAKEN_OVER'
  | 'CREDENTIAL_REVOKED'
  | 'CREDENTIAL_EXPIRED'
  | 'DEVICE_DISABLED'
  | 'DEVICE_DELETED'
  | 'PROTOCOL_ERROR'
  | 'PACKET_TOO_LARGE'
  | 'SLOW_CONSUMER'
  | 'JOURNAL_STALLED'
  | 'SERVER_STOPPED'
  | 'SERVER_LOST';
export type DeviceDisconnected = DomainEvent<
  'DeviceDisconnected',
  { readonly sessionEpoch: number; readonly reason: DisconnectReason }
>;

/** One event per measured time. `ts` is the device's time, ms since 1970 (the server's where the device sent none). */
export type TelemetryRecorded = DomainEvent<
  'TelemetryRecorded',
  { readonly values: Readonly<Record<string, TelemetryValue>>; readonly ts: number; readonly id?: string }
>;
/** A device event of the user's own; `body` is any JSON. */
export type DeviceEventRecorded = DomainEvent<'DeviceEventRecorded', { readonly name: string; readonly body: unknown }>;
export type MessageRejected = DomainEvent<
  'MessageRejected',
  {
    readonly code: string;
    readonly detail: string;
    readonly topic: string;
    readonly pointer?: string;
    /** The device's own message id, when one could be read. */
    readonly id?: string;
    /** First 4 KiB of the payload, base64. */
    readonly payload: string;
    /** Of the whole payload, hex. */
    readonly payloadSha256: string;
    readonly payloadBytes: number;
  }
>;

/** What devices send: nearly all of a journal, and nothing to whoever follows only registry, credentials or connections. */
export const MESSAGE_TYPES = [
  'TelemetryRecorded',
  'DeviceEventRecorded',
  'MessageRejected',
] as const satisfies readonly DeviceEvent['type'][];

export type DeviceEvent =
  | DeviceRegistered
  | DeviceUpdated
  | DeviceEnabled
  | DeviceDisabled
  | DeviceDeleted
  | CertificateIssued
  | CertificateRevoked
  | CertificateExpiring
  | TokenIssued
  | TokenRevoked
  | DeviceConnected
  | DeviceDisconnected
  | TelemetryRecorded
  | DeviceEventRecorded
  | MessageRejected;

/** Stream key of a device. */
export function deviceStream(tenant: string, device: string): string {
  return `device/${tenant}/${device}`;
}
