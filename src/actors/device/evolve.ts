import type { EvolveContext } from '../kernel/decider.js';
import type {
  CertificateExpiring,
  DeviceConnected,
  DeviceDisconnected,
  DeviceEvent,
  DeviceRegistered,
} from './events.js';
import type { DeviceState } from './state.js';

/** Folds one event into the state, in place. */
export function evolveDevice(state: DeviceState, event: DeviceEvent, context: EvolveContext): DeviceState {
  const { sequence, occurredAt } = context;
  switch (event.type) {
    case 'DeviceRegistered':
      return register(state, event, context);
    case 'DeviceUpdated':
      state.profile = event.data.profile;
      return changeEntry(state, context);
    case 'DeviceEnabled':
      state.enabled = true;
      return changeEntry(state, context);
    case 'DeviceDisabled':
      state.enabled = false;
      return changeEntry(state, context);
    case 'DeviceDeleted':
      state.status = 'deleted';
      for (const fingerprint of state.certificates.keys())
        end(state.certificates, fingerprint, occurredAt, 'DEVICE_DELETED');
      for (const tokenId of state.tokens.keys()) end(state.tokens, tokenId, occurredAt, 'DEVICE_DELETED');
      return changeEntry(state, context);
    case 'CertificateIssued':
      state.certificates.set(event.data.fingerprint, { ...event.data, issuedAt: occurredAt, sequence });
      return state;
    case 'CertificateRevoked':
      end(state.certificates, event.data.fingerprint, occurredAt, event.data.reason);
      return state;
    case 'CertificateExpiring':
      return tellExpiry(state, event);
    case 'TokenIssued':
      state.tokens.set(event.data.tokenId, { ...event.data, issuedAt: occurredAt, sequence });
      return state;
    case 'TokenRevoked':
      end(state.tokens, event.data.tokenId, occurredAt, event.data.reason);
      return state;
    case 'DeviceConnected':
      return connect(state, event, occurredAt);
    case 'DeviceDisconnected':
      return disconnect(state, event, occurredAt);
    case 'TelemetryRecorded':
      if (event.data.id !== undefined) state.recentIds.add(event.data.id);
      state.lastAcceptedAt = occurredAt;
      return state;
    case 'DeviceEventRecorded':
      state.lastAcceptedAt = occurredAt;
      return state;
    case 'MessageRejected':
      state.lastRejectedAt = occurredAt;
      state.rejected += 1;
      return state;
  }
}

function register(state: DeviceState, { data }: DeviceRegistered, context: EvolveContext): DeviceState {
  state.status = 'registered';
  state.id = data.id;
  state.profile = data.profile;
  state.enabled = data.enabled;
  state.registeredAt = context.occurredAt;
  // Another thing may now bear the id: its message ids start afresh.
  state.recentIds.clear();
  return changeEntry(state, context);
}

function changeEntry(state: DeviceState, { sequence, occurredAt }: EvolveContext): DeviceState {
  state.revision = sequence;
  state.updatedAt = occurredAt;
  return state;
}

function connect(state: DeviceState, { data }: DeviceConnected, occurredAt: number): DeviceState {
  const { sessionEpoch, credential, address } = data;
  const allowedBy = state.certificates.get(credential) ?? state.tokens.get(credential);
  state.connection = {
    sessionEpoch,
    connected: true,
    credential,
    policySequence: allowedBy?.sequence ?? 0,
    address,
    connectedAt: occurredAt,
    disconnectedAt: null,
    disconnectReason: null,
  };
  return state;
}

function disconnect(state: DeviceState, { data }: DeviceDisconnected, occurredAt: number): DeviceState {
  state.connection.connected = false;
  state.connection.disconnectedAt = occurredAt;
  state.connection.disconnectReason = data.reason;
  return state;
}

function tellExpiry(state: DeviceState, { data: { fingerprint, days } }: CertificateExpiring): DeviceState {
  const entry = state.certificates.get(fingerprint);
  if (entry !== undefined) state.certificates.set(fingerprint, { ...entry, toldDays: days });
  return state;
}

/** Revokes a credential that is not revoked yet. */
function end<T extends { readonly revokedAt?: number; readonly revokeReason?: string }>(
  credentials: Map<string, T>,
  name: string,
  revokedAt: number,
  revokeReason: string,
): void {
  const entry = credentials.get(name);
  if (entry !== undefined && entry.revokedAt === undefined)
    credentials.set(name, { ...entry, revokedAt, revokeReason });
}
