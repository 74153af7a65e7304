import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { sizeOfVarint, type ByteWriter } from './byte-writer.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { headersOf } from './event-record.js';
import { findHeaderMembers, HEADER_MEMBERS } from './metadata-members.js';

/** A name of a header as it stands in a record: its length, then its letters. */
const name = (text: string): Uint8Array => Uint8Array.of(2 * text.length, ...Buffer.from(text));

const EVENT_TYPE = name('event_type');
const SCHEMA_VERSION = name('schema_version');
const SHARD = name('shard');
const POSITION = name('position');
const SEQUENCE = name('sequence');
const STREAM = name('stream');
const TENANT_ID = name('tenant_id');
const DEVICE_ID = name('device_id');
const RECORDED_AT = name('recorded_at');
const OCCURRED_AT = name('occurred_at');
const FROM_METADATA = HEADER_MEMBERS.map(({ header }) => name(header));
const CREATION_TIME = name('creation-time');
const JSON_CONTENT = Uint8Array.of(...name('content-type'), ...name('application/json'));
/** All but `device_id` and those from the metadata. */
const FIXED_HEADERS = 11;

/** More than names of headers, numbers, times and framing take. */
const FRAME_BYTES = 512;
/** Each text of an event is written so many times at most; 3 bytes per UTF-16 unit bound UTF-8. */
const STREAM_COPIES = 4 * 3;
/** Records of 64 … 8191 bytes, that is nearly all, have a length of so many bytes. */
const LENGTH_BYTES = 2;

const found = new Int32Array(2 * HEADER_MEMBERS.length);

/**
 * Writes the record of an event (`toEventRecord` says what it holds) as part of a batch: "Record" of the Kafka message format,
 * magic 2. One pass and no object per event or header; payload and header values are copied from the journal's bytes.
 * @param offsetDelta its place in the batch
 * @param timestampDelta ms since the time stamp of the batch
 */
export function writeEventRecord(
  out: ByteWriter,
  event: RecordedEvent,
  offsetDelta: number,
  timestampDelta: number,
): void {
  const { stream, payload, metadata, type } = event;
  out.ensure(FRAME_BYTES + payload.length + metadata.length + 3 * type.length + STREAM_COPIES * stream.length);
  const start = out.at;
  out.at += LENGTH_BYTES;
  out.int8(0); // attributes: none is defined
  out.varint(timestampDelta);
  out.varint(offsetDelta);
  out.text(stream);
  out.bulk(payload);
  writeHeaders(out, event);
  writeLength(out, start);
}

function writeHeaders(out: ByteWriter, event: RecordedEvent): void {
  const { concept, tenant, id } = parseStreamKey(event.stream);
  const deviceId = concept === 'device' ? id : undefined;
  const parsed = findHeaderMembers(event.metadata, found) ? undefined : Object.entries(headersOf(event.metadata));
  out.varint(FIXED_HEADERS + (deviceId === undefined ? 0 : 1) + (parsed?.length ?? countFound()));
  out.few(EVENT_TYPE);
  out.text(event.type);
  out.few(SCHEMA_VERSION);
  out.decimal(event.schemaVersion);
  out.few(SHARD);
  out.decimal(event.shard);
  out.few(POSITION);
  out.decimal(event.position);
  out.few(SEQUENCE);
  out.decimal(event.sequence);
  out.few(STREAM);
  out.text(event.stream);
  out.few(TENANT_ID);
  out.text(tenant);
  if (deviceId !== undefined) {
    out.few(DEVICE_ID);
    out.text(deviceId);
  }
  out.few(RECORDED_AT);
  out.decimal(event.recordedAt);
  out.few(OCCURRED_AT);
  out.decimal(event.occurredAt);
  if (parsed === undefined) writeFound(out, event.metadata);
  else for (const header of parsed) for (const text of header) out.text(text);
  out.few(JSON_CONTENT);
  out.few(CREATION_TIME);
  out.decimal(event.occurredAt);
}

function countFound(): number {
  let count = 0;
  for (let at = 0; at < found.length; at += 2) if (found[at] !== 0) count += 1;
  return count;
}

function writeFound(out: ByteWriter, metadata: Buffer): void {
  for (let member = 0; member < FROM_METADATA.length; member += 1) {
    const from = found[2 * member] as number;
    if (from === 0) continue;
    out.few(FROM_METADATA[member] as Uint8Array);
    out.part(metadata, from, found[2 * member + 1] as number);
  }
}

/** The length stands before the record, where room was left for it; the record moves when that room does not fit. */
function writeLength(out: ByteWriter, start: number): void {
  const body = start + LENGTH_BYTES;
  const length = out.at - body;
  const moved = sizeOfVarint(length) - LENGTH_BYTES;
  const end = out.at + moved;
  if (moved !== 0) out.bytes.copyWithin(body + moved, body, out.at);
  out.at = start;
  out.varint(length);
  out.at = end;
}
