import type { Decision } from '../kernel/decider.js';
import type { ErrorCode } from '../kernel/errors.js';
import type { DeviceEvent } from './events.js';

/** A refusal that is no fact of the device's history. */
export function refuse(code: ErrorCode, detail: string, pointer?: string): Decision<DeviceEvent> {
  return { events: [], rejection: { code, detail, ...(pointer !== undefined && { pointer }) } };
}

/** For commands of users; a device that connects or sends is told `DEVICE_UNKNOWN`. */
export function notFound(): Decision<DeviceEvent> {
  return refuse('DEVICE_NOT_FOUND', 'There is no such device.');
}
