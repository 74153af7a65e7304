import type { Decision, DecisionContext } from '../kernel/decider.js';
import type { RecordDeviceEvent, RecordTelemetry, RejectMessage } from './commands.js';
import type { DeviceEvent } from './events.js';
import { refuse } from './refusals.js';
import type { DeviceState } from './state.js';

type DeviceDecision = Decision<DeviceEvent>;

/** One event per measured time; records whose id is known are left out, and with them what a device sends again. */
export function recordTelemetry(
  command: RecordTelemetry,
  state: DeviceState,
  { now }: DecisionContext,
): DeviceDecision {
  const refusal = refuseSender(command.sessionEpoch, state);
  if (refusal !== undefined) return refusal;
  const events: DeviceEvent[] = [];
  // One record is by far the most frequent: it can't repeat itself.
  const ownIds = command.records.length > 1 ? new Set<string>() : undefined;
  for (const { values, ts = now, id } of command.records) {
    if (id === undefined) {
      events.push({ type: 'TelemetryRecorded', occurredAt: ts, data: { values, ts } });
      continue;
    }
    if (state.recentIds.has(id) || ownIds?.has(id) === true) continue;
    ownIds?.add(id);
    events.push({ type: 'TelemetryRecorded', occurredAt: ts, data: { values, ts, id } });
  }
  return { events };
}

export function recordDeviceEvent(command: RecordDeviceEvent, state: DeviceState): DeviceDecision {
  const { sessionEpoch, name, body } = command;
  return refuseSender(sessionEpoch, state) ?? { events: [{ type: 'DeviceEventRecorded', data: { name, body } }] };
}

/** The refusal itself is a fact: journaled, and answered as a refusal. */
export function rejectMessage({ sessionEpoch, message }: RejectMessage, state: DeviceState): DeviceDecision {
  const refusal = refuseSender(sessionEpoch, state);
  if (refusal !== undefined) return refusal;
  const { code, detail, pointer } = message;
  return {
    events: [{ type: 'MessageRejected', data: message }],
    rejection: { code, detail, ...(pointer !== undefined && { pointer }) },
  };
}

/**
 * Whether the connection that sent a message still speaks for the device. A will comes after its connection has ended, so an
 * ended connection may speak until a newer one begins, unless its right to speak was taken (SEC-151).
 */
function refuseSender(sessionEpoch: number, state: DeviceState): DeviceDecision | undefined {
  const { connection } = state;
  if (state.status !== 'registered') return refuse('DEVICE_UNKNOWN', 'The device is not registered.');
  if (sessionEpoch !== connection.sessionEpoch || connection.credential === null) {
    return refuse('SESSION_SUPERSEDED', 'A newer connection of this device has taken over.');
  }
  const credential = state.certificates.get(connection.credential) ?? state.tokens.get(connection.credential);
  if (credential?.revokedAt !== undefined) return refuse('CREDENTIAL_REVOKED', 'The credential was revoked.');
  if (!state.enabled || connection.disconnectReason === 'DEVICE_DISABLED') {
    return refuse('DEVICE_DISABLED', 'The device is disabled, or was since it connected.');
  }
  return undefined;
}
