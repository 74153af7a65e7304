import type { RecordDeviceEvent, RecordTelemetry, TelemetryRecord } from '../../../actors/device/commands.js';
import type { TelemetryValue } from '../../../actors/device/events.js';
import { escapePointer, readJson } from '../../../actors/kernel/json.js';
import { isWellFormedText, type UplinkTopic } from '../topics.js';
import type { MessageRefusal } from './refusal.js';

export type Decoded =
  | { readonly kind: 'command'; readonly command: RecordTelemetry | RecordDeviceEvent }
  | ({ readonly kind: 'refused' } & MessageRefusal);

const MAX_RECORDS = 1000;
const MAX_ID_BYTES = 128;
/** End of the year 9999: beyond it a time has no RFC 3339 form. */
const MAX_TIME = 253_402_300_799_999;

/** Turns what a device sent on one of its topics into the command for it (`interfaces.md` §3). Pure and total. */
export function decodeUplink(uplink: UplinkTopic, payload: Buffer, sessionEpoch: number): Decoded {
  const reading = readJson(payload);
  if (!reading.ok) {
    const { code, detail, pointer } = reading;
    return { kind: 'refused', code, detail, ...(pointer === undefined ? {} : { pointer }) };
  }
  switch (uplink.kind) {
    case 'telemetry':
      return decodeTelemetry(reading.value, sessionEpoch);
    case 'event':
      return {
        kind: 'command',
        command: { type: 'RecordDeviceEvent', sessionEpoch, name: uplink.name, body: reading.value },
      };
  }
}

function decodeTelemetry(document: unknown, sessionEpoch: number): Decoded {
  const records: TelemetryRecord[] = [];
  if (Array.isArray(document)) {
    if (document.length === 0) return refused('The array holds no record.', '');
    if (document.length > MAX_RECORDS) return refused(`A message holds at most ${MAX_RECORDS} records.`, '');
    for (const [index, item] of document.entries()) {
      const fault = readRecord(item, `/${index}`, records);
      if (fault) return fault;
    }
  } else {
    const fault = readRecord(document, '', records);
    if (fault) return fault;
  }
  return { kind: 'command', command: { type: 'RecordTelemetry', sessionEpoch, records } };
}

/**
 * Reads one record, at `pointer` of its message, to the end of `records`. The names `id`, `ts` and `values` are reserved in
 * both forms: `id` is the message id, `ts` the time, `values` the object that holds the metrics of the long form. Without
 * `values` all other members are the metrics (short form); with it there may be none, since one could only guess at them.
 */
function readRecord(item: unknown, pointer: string, records: TelemetryRecord[]): Decoded | undefined {
  if (!isObject(item)) return refused('Telemetry is an object, or an array of objects.', pointer);
  const { id, ts, values: longForm, ...rest } = item;
  const known = isMessageId(id) ? id : undefined;
  if (id !== undefined && known === undefined) {
    return refused(`"id" is a text of 1 to ${MAX_ID_BYTES} bytes without control characters.`, `${pointer}/id`);
  }
  if (ts !== undefined && !isTime(ts)) {
    return refused('"ts" is a whole number of milliseconds since 1970, up to the year 9999.', `${pointer}/ts`, known);
  }
  if (longForm !== undefined) {
    if (!isObject(longForm)) return refused('"values" is an object.', `${pointer}/values`, known);
    const [unexpected] = Object.keys(rest);
    if (unexpected !== undefined) {
      return refused('Beside "values" only "ts" and "id" may stand.', `${pointer}/${escapePointer(unexpected)}`, known);
    }
  }
  const valuesPointer = longForm === undefined ? pointer : `${pointer}/values`;
  const values = longForm ?? rest;
  const names = Object.keys(values);
  if (names.length === 0) return refused('The record holds no value.', valuesPointer, known);
  const wrong = names.find((name) => !isTelemetryValue(values[name]));
  if (wrong !== undefined) {
    return refused(
      'A value is a number, a boolean, a string or an object.',
      `${valuesPointer}/${escapePointer(wrong)}`,
      known,
    );
  }
  records.push({
    values: values as Readonly<Record<string, TelemetryValue>>,
    ...(ts === undefined ? {} : { ts }),
    ...(known === undefined ? {} : { id: known }),
  });
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTelemetryValue(value: unknown): value is TelemetryValue {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string' || isObject(value);
}

function isMessageId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && isWellFormedText(value, MAX_ID_BYTES);
}

function isTime(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TIME;
}

function refused(detail: string, pointer: string, id?: string): Decoded {
  return { kind: 'refused', code: 'PAYLOAD_INVALID', detail, pointer, ...(id === undefined ? {} : { id }) };
}
