import type { Decision, DecisionContext } from '../kernel/decider.js';
import type { ConnectDevice, Credential, DisconnectDevice } from './commands.js';
import type { DeviceEvent, DisconnectReason } from './events.js';
import { refuse } from './refusals.js';
import type { DeviceState } from './state.js';

type DeviceDecision = Decision<DeviceEvent>;

/** What a certificate and a token have in common. */
interface CredentialStatus {
  /** Fingerprint or token id: how events name it. */
  readonly name: string;
  readonly expiresAt: number | undefined;
  readonly revokedAt: number | undefined;
}

/** The registry decides at each connect, whatever TLS has said (SEC-02, SEC-05, SEC-06). */
export function connectDevice(command: ConnectDevice, state: DeviceState, { now }: DecisionContext): DeviceDecision {
  if (state.status !== 'registered') return refuse('DEVICE_UNKNOWN', 'The device is not registered.');
  const credential = findCredential(command.credential, state);
  if (credential === undefined)
    return refuse('CREDENTIAL_UNKNOWN', 'The credential is not registered for this device.');
  if (credential.revokedAt !== undefined) return refuse('CREDENTIAL_REVOKED', 'The credential was revoked.');
  if (credential.expiresAt !== undefined && credential.expiresAt <= now) {
    return refuse('CREDENTIAL_EXPIRED', 'The credential has expired.');
  }
  if (!state.enabled) return refuse('DEVICE_DISABLED', 'The device is disabled.');
  const connected: DeviceEvent = {
    type: 'DeviceConnected',
    data: {
      ...command.connection,
      sessionEpoch: state.connection.sessionEpoch + 1,
      credential: credential.name,
    },
  };
  return { events: [...endConnection(state, 'TAKEN_OVER'), connected] };
}

/** Says nothing new of a connection that has ended already, or of an older one. */
export function disconnectDevice({ sessionEpoch, reason }: DisconnectDevice, state: DeviceState): DeviceDecision {
  return { events: sessionEpoch === state.connection.sessionEpoch ? endConnection(state, reason) : [] };
}

/** The event that ends the connection, if there is one. */
export function endConnection(state: DeviceState, reason: DisconnectReason): readonly DeviceEvent[] {
  const { connected, sessionEpoch } = state.connection;
  return connected ? [{ type: 'DeviceDisconnected', data: { sessionEpoch, reason } }] : [];
}

function findCredential(credential: Credential, state: DeviceState): CredentialStatus | undefined {
  switch (credential.kind) {
    case 'certificate': {
      const entry = state.certificates.get(credential.fingerprint);
      return entry && { name: entry.fingerprint, expiresAt: entry.notAfter, revokedAt: entry.revokedAt };
    }
    case 'token': {
      const entry = [...state.tokens.values()].find(({ sha256 }) => sha256 === credential.sha256);
      return entry && { name: entry.tokenId, expiresAt: entry.expiresAt, revokedAt: entry.revokedAt };
    }
  }
}
