import { createEntityDirectory, type EntityPorts, type RunningDirectory } from '../kernel/entity-directory.js';
import { deviceCodec } from './codec.js';
import type { DeviceCommand } from './commands.js';
import { deviceDecider } from './decider.js';
import type { DeviceState } from './state.js';

/** Starts the directory of devices: one actor per stream `device/<tenant>/<id>`. */
export function createDeviceDirectory(ports: EntityPorts): RunningDirectory<DeviceCommand, DeviceState> {
  return createEntityDirectory({ ...ports, kind: 'device', decider: deviceDecider, codec: deviceCodec });
}
