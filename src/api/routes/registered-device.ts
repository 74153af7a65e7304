import type { DeviceCommand } from '../../actors/device/commands.js';
import { deviceStream } from '../../actors/device/events.js';
import type { DeviceState } from '../../actors/device/state.js';
import type { ConnectionHistory } from '../../actors/kernel/ports/connection-history.js';
import type { DeviceIndex } from '../../actors/kernel/ports/device-index.js';
import type { EntityDirectory, Recorded } from '../../actors/kernel/ports/entities.js';
import { textParameter, type Call } from '../call.js';
import { doOnce, tellRecorded, type Doing } from '../request/outcome.js';
import { missing } from '../problem.js';

/** What the routes of devices and their credentials work with. */
export interface DeviceRouteOptions {
  readonly devices: EntityDirectory<DeviceCommand, DeviceState>;
  readonly deviceIndex: DeviceIndex;
  readonly connections: ConnectionHistory;
}

/** A write is answered when the lists of devices and credentials have it too, or after so long. */
const CAUGHT_UP_TIMEOUT_MS = 1000;

/** Stream of the device that the path names, in the caller's tenant. */
export function streamOfPath(call: Call): string {
  return deviceStream(call.access.tenant, textParameter(call, 'deviceId'));
}

/** Reads the device that the path names. @throws FleetlogError `DEVICE_NOT_FOUND` */
export async function readRegistered<T>(
  options: DeviceRouteOptions,
  call: Call,
  read: (state: DeviceState) => T,
): Promise<T> {
  const answer = await options.devices.query(streamOfPath(call), (state) =>
    state.status === 'registered' ? { value: read(state) } : undefined,
  );
  if (answer === undefined) throw missing('DEVICE_NOT_FOUND');
  return answer.value;
}

/**
 * Sends a command to a device, tells in the answer where its events were journaled, and waits for the lists.
 * @throws Refusal, FleetlogError as `recordedBy`
 */
export async function commandDevice(
  options: DeviceRouteOptions,
  call: Call,
  stream: string,
  command: DeviceCommand,
  doing?: Doing,
): Promise<Recorded | undefined> {
  const recorded = await doOnce(options.devices, call, stream, command, call.access.origin, doing);
  tellRecorded(call, recorded);
  if (recorded !== undefined) {
    const last = recorded.position + recorded.count - 1;
    await Promise.all(
      [options.deviceIndex, options.connections].map((view) =>
        view.caughtUp(recorded.shard, last, CAUGHT_UP_TIMEOUT_MS),
      ),
    );
  }
  return recorded;
}

/** The reason in the optional body of a deletion or revocation. */
export function reasonOf(call: Call): string | undefined {
  return (call.body as { readonly reason?: string } | undefined)?.reason;
}
