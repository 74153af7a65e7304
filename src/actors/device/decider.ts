import type { Decider } from '../kernel/decider.js';
import { parseStreamKey } from '../kernel/stream-key.js';
import type { DeviceCommand } from './commands.js';
import { connectDevice, disconnectDevice } from './connection-decisions.js';
import { addCertificate, addToken, revokeCertificate, revokeToken, tellExpiry } from './credential-decisions.js';
import type { DeviceEvent } from './events.js';
import { evolveDevice } from './evolve.js';
import { recordDeviceEvent, recordTelemetry, rejectMessage } from './message-decisions.js';
import { RecentIds } from './recent-ids.js';
import { deleteDevice, registerDevice, updateDevice } from './registry-decisions.js';
import type { DeviceState } from './state.js';

/** The device: registry entry, credentials, connections and messages. Pure. */
export const deviceDecider: Decider<DeviceCommand, DeviceEvent, DeviceState> = {
  initialState,
  decide(command, state, context) {
    switch (command.type) {
      case 'RegisterDevice':
        return registerDevice(command, state, context);
      case 'UpdateDevice':
        return updateDevice(command, state);
      case 'DeleteDevice':
        return deleteDevice(command, state);
      case 'AddCertificate':
        return addCertificate(command, state, context);
      case 'RevokeCertificate':
        return revokeCertificate(command, state);
      case 'TellExpiry':
        return tellExpiry(command, state, context);
      case 'AddToken':
        return addToken(command, state);
      case 'RevokeToken':
        return revokeToken(command, state);
      case 'ConnectDevice':
        return connectDevice(command, state, context);
      case 'DisconnectDevice':
        return disconnectDevice(command, state);
      case 'RecordTelemetry':
        return recordTelemetry(command, state, context);
      case 'RecordDeviceEvent':
        return recordDeviceEvent(command, state);
      case 'RejectMessage':
        return rejectMessage(command, state);
    }
  },
  evolve: evolveDevice,
};

function initialState(stream: string): DeviceState {
  const { tenant, id = '' } = parseStreamKey(stream);
  return {
    status: 'absent',
    id,
    tenant,
    profile: { attributes: {}, tags: [], groups: [], via: [], gateway: false },
    enabled: false,
    registeredAt: 0,
    updatedAt: 0,
    revision: 0,
    certificates: new Map(),
    tokens: new Map(),
    connection: {
      sessionEpoch: 0,
      connected: false,
      credential: null,
      policySequence: 0,
      address: null,
      connectedAt: null,
      disconnectedAt: null,
      disconnectReason: null,
    },
    recentIds: new RecentIds(),
    lastAcceptedAt: null,
    lastRejectedAt: null,
    rejected: 0,
  };
}
