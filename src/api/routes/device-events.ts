import type { DeviceCommand } from '../../actors/device/commands.js';
import type { DeviceState } from '../../actors/device/state.js';
import type { EntityDirectory, Journal } from '../../actors/kernel/ports.js';
import { type Handlers } from '../call.js';
import { decodeCursor, encodeCursor, refuseCursor } from '../cursor.js';
import { eventPageJson } from '../event-json.js';
import { linkNext } from '../link.js';
import { missing } from '../problem.js';
import { isRfc3339, parseRfc3339 } from '../rfc3339.js';
import { firstSequenceAfter, readStreamPage } from '../stream-page.js';
import { streamOfPath } from './registered-device.js';

interface DeviceEventRouteOptions {
  readonly devices: EntityDirectory<DeviceCommand, DeviceState>;
  readonly journal: Pick<Journal, 'readStream'>;
}

interface DeviceEventParameters {
  readonly from?: string;
  readonly to?: string;
  readonly types?: readonly string[];
  readonly limit: number;
  readonly cursor?: string;
}

/** `/devices/{deviceId}/events`. A deleted device keeps its history. */
export function deviceEventHandlers(options: DeviceEventRouteOptions): Handlers {
  const { devices, journal } = options;
  return {
    async listDeviceEvents(call) {
      const { from, to, types, limit, cursor } = call.parameters as DeviceEventParameters;
      const stream = streamOfPath(call);
      const head = await devices.query(stream, (_state, sequence) => sequence);
      if (head === 0) throw missing('DEVICE_NOT_FOUND');
      const binding = [stream, from ?? null, to ?? null, types ?? null];
      const begin = cursor === undefined ? undefined : decodeCursor(binding, cursor);
      if (begin !== undefined && !Number.isSafeInteger(begin)) refuseCursor();
      const page = await readStreamPage(journal, {
        stream,
        from: (begin as number | undefined) ?? (await sequenceFrom(journal, stream, head, from)),
        to: await sequenceTo(journal, stream, head, to),
        limit,
        ...(types === undefined ? {} : { types: new Set(types) }),
      });
      const next = page.nextSequence === undefined ? null : encodeCursor(binding, page.nextSequence);
      linkNext(call, next);
      call.response.type('application/json').send(eventPageJson(page.events, { next }));
    },
  };
}

type Reader = Pick<Journal, 'readStream'>;

async function sequenceFrom(journal: Reader, stream: string, head: number, from = '1'): Promise<number> {
  return isRfc3339(from) ? firstSequenceAfter(journal, stream, head, parseRfc3339(from) - 1) : Number(from);
}

async function sequenceTo(journal: Reader, stream: string, head: number, to = String(head)): Promise<number> {
  if (!isRfc3339(to)) return Math.min(Number(to), head);
  return (await firstSequenceAfter(journal, stream, head, parseRfc3339(to))) - 1;
}
