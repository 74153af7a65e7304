import type { Decision, DecisionContext } from '../kernel/decider.js';
import { isIdentifier } from '../kernel/identifier.js';
import { parseStreamKey } from '../kernel/stream-key.js';
import type { DeleteDevice, RegisterDevice, UpdateDevice } from './commands.js';
import { endConnection } from './connection-decisions.js';
import type { DeviceEvent } from './events.js';
import { isSameProfile, patchProfile, readProfile } from './profile.js';
import { notFound, refuse } from './refusals.js';
import type { DeviceState } from './state.js';

type DeviceDecision = Decision<DeviceEvent>;

/** A deleted id may be registered again; the credentials of its former life stay dead. */
export function registerDevice(command: RegisterDevice, state: DeviceState, context: DecisionContext): DeviceDecision {
  const { id, enabled } = command;
  if (!isIdentifier(id) || parseStreamKey(context.stream).id !== id) {
    return refuse('PAYLOAD_INVALID', 'An id is 1 to 128 of the characters A-Z a-z 0-9 _ . : -', '/id');
  }
  if (state.status === 'registered') return refuse('DEVICE_EXISTS', `Device ${id} is registered.`);
  const reading = readProfile({ ...command.profile });
  if (!reading.ok) return { events: [], rejection: reading.rejection };
  return { events: [{ type: 'DeviceRegistered', data: { id, profile: reading.profile, enabled } }] };
}

/** Changes profile, `enabled`, or both; what changes nothing is accepted without an event. */
export function updateDevice({ patch, ifRevision }: UpdateDevice, state: DeviceState): DeviceDecision {
  if (state.status !== 'registered') return notFound();
  if (ifRevision !== undefined && ifRevision !== state.revision) return revisionConflict(state);
  const { id = state.id, enabled = state.enabled, ...profilePatch } = patch;
  if (id !== state.id) return refuse('PAYLOAD_INVALID', 'The id of a device does not change.', '/id');
  if (typeof enabled !== 'boolean') return refuse('PAYLOAD_INVALID', '"enabled" is true or false.', '/enabled');
  const reading = patchProfile(state.profile, profilePatch);
  if (!reading.ok) return { events: [], rejection: reading.rejection };

  const events: DeviceEvent[] = [];
  if (!isSameProfile(reading.profile, state.profile)) {
    events.push({ type: 'DeviceUpdated', data: { profile: reading.profile } });
  }
  if (enabled && !state.enabled) events.push({ type: 'DeviceEnabled', data: {} });
  if (!enabled && state.enabled) {
    events.push({ type: 'DeviceDisabled', data: {} }, ...endConnection(state, 'DEVICE_DISABLED'));
  }
  return { events };
}

export function deleteDevice({ reason, ifRevision }: DeleteDevice, state: DeviceState): DeviceDecision {
  if (state.status !== 'registered') return notFound();
  if (ifRevision !== undefined && ifRevision !== state.revision) return revisionConflict(state);
  const deleted: DeviceEvent = { type: 'DeviceDeleted', data: reason === undefined ? {} : { reason } };
  return { events: [deleted, ...endConnection(state, 'DEVICE_DELETED')] };
}

function revisionConflict(state: DeviceState): DeviceDecision {
  return refuse('VERSION_CONFLICT', `The device is at revision ${state.revision}.`);
}
