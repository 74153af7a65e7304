import type { ConnectDevice, DeviceCommand } from '../../../../src/actors/device/commands.js';
import { deviceDecider } from '../../../../src/actors/device/decider.js';
import type { CertificateIssued, DeviceEvent, DeviceProfile } from '../../../../src/actors/device/events.js';
import { specificationOf } from '../given.js';

/** Facts and commands of one device that the tests speak of. */
export const NOW = Date.UTC(2026, 5, 1);
export const STREAM = 'device/default/pump-7';
export const { given, fold } = specificationOf(deviceDecider, STREAM, NOW);

export const profile: DeviceProfile = { attributes: {}, tags: [], groups: [], via: [], gateway: false };
export const registered: DeviceEvent = { type: 'DeviceRegistered', data: { id: 'pump-7', profile, enabled: true } };
export const disabled: DeviceEvent = { type: 'DeviceDisabled', data: {} };
export const enabled: DeviceEvent = { type: 'DeviceEnabled', data: {} };
export const deleted: DeviceEvent = { type: 'DeviceDeleted', data: {} };

export const hex = (digit: string): string => digit.repeat(64);
export const certificate = (digit: string, key = digit): CertificateIssued['data'] => ({
  fingerprint: hex(digit),
  serial: '01',
  certificate: 'PEM',
  keyType: 'EC P-256',
  publicKeySha256: hex(key),
  notBefore: NOW - 3_600_000,
  notAfter: NOW + 365 * 24 * 3_600_000,
});
export const issued = (digit: string): CertificateIssued => ({ type: 'CertificateIssued', data: certificate(digit) });
export const revoked = (digit: string): DeviceEvent => ({
  type: 'CertificateRevoked',
  data: { fingerprint: hex(digit), reason: 'lost' },
});
export const tokenIssued = (expiresAt?: number): DeviceEvent => ({
  type: 'TokenIssued',
  data: { tokenId: 't1', sha256: hex('e'), ...(expiresAt !== undefined && { expiresAt }) },
});

export const connection: ConnectDevice['connection'] = {
  clientId: 'pump-7',
  address: '10.0.0.7',
  listener: 'mqtts',
  protocolLevel: 4,
  keepAlive: 60,
  cleanSession: true,
  node: 'node-1',
  life: 'first',
};
export const connected = (sessionEpoch: number, credential = hex('a')): DeviceEvent => ({
  type: 'DeviceConnected',
  data: { ...connection, sessionEpoch, credential },
});
export const disconnected = (
  sessionEpoch: number,
  reason: (DeviceEvent & { type: 'DeviceDisconnected' })['data']['reason'],
): DeviceEvent => ({ type: 'DeviceDisconnected', data: { sessionEpoch, reason } });
export const telemetry = (values: Record<string, number>, id?: string, ts = NOW): DeviceEvent => ({
  type: 'TelemetryRecorded',
  occurredAt: ts,
  data: { values, ts, ...(id !== undefined && { id }) },
});
export const online = [registered, issued('a'), connected(1)] as const;

export const connect = (digit: string): DeviceCommand => ({
  type: 'ConnectDevice',
  credential: { kind: 'certificate', fingerprint: hex(digit) },
  connection,
});
export const connectByToken: DeviceCommand = {
  type: 'ConnectDevice',
  credential: { kind: 'token', sha256: hex('e') },
  connection,
};
export const record = (sessionEpoch: number, ...ids: (string | undefined)[]): DeviceCommand => ({
  type: 'RecordTelemetry',
  sessionEpoch,
  records: ids.map((id) => ({ values: { t: 1 }, ...(id !== undefined && { id }) })),
});
export const revoke = (digit: string): DeviceCommand => ({
  type: 'RevokeCertificate',
  fingerprint: hex(digit),
  reason: 'lost',
});
export const patch = (change: Record<string, unknown>, ifRevision?: number): DeviceCommand => ({
  type: 'UpdateDevice',
  patch: change,
  ...(ifRevision !== undefined && { ifRevision }),
});
