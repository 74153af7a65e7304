import type { UpcasterChain } from '../kernel/json-codec.js';
import type { DeviceEvent } from './events.js';

/** Current schema version of each event type; a payload schema per version lies in `schemas/`. */
export const DEVICE_EVENT_VERSIONS: Readonly<Record<DeviceEvent['type'], number>> = {
  DeviceRegistered: 1,
  DeviceUpdated: 1,
  DeviceEnabled: 1,
  DeviceDisabled: 1,
  DeviceDeleted: 1,
  CertificateIssued: 1,
  CertificateRevoked: 1,
  CertificateExpiring: 1,
  TokenIssued: 1,
  TokenRevoked: 1,
  DeviceConnected: 2,
  DeviceDisconnected: 1,
  TelemetryRecorded: 1,
  DeviceEventRecorded: 1,
  MessageRejected: 1,
};

/**
 * How older versions become the current one. Raising a version means: the number above, an upcaster here, a schema beside the old
 * one, and the golden journals stay as they are.
 */
export const DEVICE_UPCASTERS: Readonly<Partial<Record<DeviceEvent['type'], UpcasterChain>>> = {
  // Version 2 says which life of which node holds the connection. One of before is in nobody's hand.
  DeviceConnected: { 1: (data) => ({ ...(data as object), node: '', life: '' }) },
};
