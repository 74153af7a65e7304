import type { Journal } from '../../actors/kernel/ports/journal.js';
import type { Handlers } from '../call.js';
import { decodeCursor, encodeCursor, refuseCursor } from '../request/cursor.js';
import { CSV, CSV_HEAD, eventCsv } from '../events/event-formats.js';
import { eventPageJson } from '../events/event-json.js';
import { fieldsOf, refuseFieldsOfTable } from '../request/fields.js';
import { linkNext } from '../request/link.js';
import { missing } from '../problem.js';
import { isRfc3339, parseRfc3339 } from '../request/rfc3339.js';
import { firstSequenceAfter, readStreamPage } from '../events/stream-page.js';
import { streamOfPath } from './registered-device.js';

interface DeviceEventParameters {
  readonly from?: string;
  readonly to?: string;
  readonly types?: readonly string[];
  readonly limit: number;
  readonly cursor?: string;
}

/** `/devices/{deviceId}/events`. A deleted device keeps its history. */
export function deviceEventHandlers({ journal }: { readonly journal: Pick<Journal, 'readStream'> }): Handlers {
  return {
    async listDeviceEvents(call) {
      const { from, to, types, limit, cursor } = call.parameters as DeviceEventParameters;
      refuseFieldsOfTable(call);
      const stream = streamOfPath(call);
      const [first] = await journal.readStream(stream, 1, 1);
      if (first === undefined) throw missing('DEVICE_NOT_FOUND');
      const binding = [stream, from ?? null, to ?? null, types ?? null];
      const begin = cursor === undefined ? undefined : decodeCursor(binding, cursor);
      if (begin !== undefined && !Number.isSafeInteger(begin)) refuseCursor();
      const page = await readStreamPage(journal, {
        stream,
        from: (begin as number | undefined) ?? (await sequenceFrom(journal, stream, from)),
        to: await sequenceTo(journal, stream, to),
        limit,
        ...(types === undefined ? {} : { types: new Set(types) }),
      });
      const next = page.nextSequence === undefined ? null : encodeCursor(binding, page.nextSequence);
      linkNext(call, next);
      if (call.answer === 'text/csv') {
        call.response.type(CSV.mediaType).send(CSV_HEAD + page.events.map(eventCsv).join(''));
        return;
      }
      call.response.type('application/json').send(eventPageJson(page.events, { next }, fieldsOf(call)));
    },
  };
}

type Reader = Pick<Journal, 'readStream'>;

async function sequenceFrom(journal: Reader, stream: string, from = '1'): Promise<number> {
  return isRfc3339(from) ? firstSequenceAfter(journal, stream, parseRfc3339(from) - 1) : Number(from);
}

async function sequenceTo(journal: Reader, stream: string, to = 'Infinity'): Promise<number> {
  return isRfc3339(to) ? (await firstSequenceAfter(journal, stream, parseRfc3339(to))) - 1 : Number(to);
}
