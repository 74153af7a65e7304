// Rows of the journal as COPY … WITH (FORMAT BINARY) takes them: number of fields, then each field as length and bytes.

export const JOURNAL_COLUMNS =
  'shard, position, stream, sequence, type, schema_version, occurred_at, recorded_at, payload, metadata';

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);
const MILLISECONDS_UNTIL_2000 = 946_684_800_000;
const FIELDS = 10;
/** Number of fields, their lengths, and the six numbers. */
const FIXED_BYTES = 2 + FIELDS * 4 + 4 + 8 + 8 + 2 + 8 + 8;

/** @param row with `shard`, `position`, `stream`, `sequence`, `type`, `schemaVersion`, times in ms, `payload` and `metadata` */
export function binaryRow({
  shard,
  position,
  stream,
  sequence,
  type,
  schemaVersion,
  occurredAt,
  recordedAt,
  ...content
}) {
  const texts = [stream, type].map((text) => Buffer.from(text));
  const bytes = Buffer.allocUnsafe(
    FIXED_BYTES + [...texts, content.payload, content.metadata].reduce((sum, { length }) => sum + length, 0),
  );
  let at = bytes.writeInt16BE(FIELDS);
  const int = (size, value) => {
    at = bytes.writeInt32BE(size, at);
    at = size === 8 ? writeInt8(bytes, value, at) : bytes.writeIntBE(value, at, size);
  };
  const raw = (value) => {
    at = bytes.writeInt32BE(value.length, at);
    at += value.copy(bytes, at);
  };
  int(4, shard);
  int(8, position);
  raw(texts[0]);
  int(8, sequence);
  raw(texts[1]);
  int(2, schemaVersion);
  int(8, (occurredAt - MILLISECONDS_UNTIL_2000) * 1000);
  int(8, (recordedAt - MILLISECONDS_UNTIL_2000) * 1000);
  raw(content.payload);
  raw(content.metadata);
  return bytes;
}

/** Where position and sequence stand in a row, to change them in place. */
export function placesIn({ stream }) {
  const positionAt = 2 + 4 + 4 + 4;
  return { positionAt, sequenceAt: positionAt + 8 + 4 + Buffer.byteLength(stream) + 4 };
}

/** The whole input of one COPY. */
export const copyFile = (rows) => Buffer.concat([SIGNATURE, ...rows, TRAILER]);

export function writeInt8(bytes, value, at) {
  bytes.writeInt32BE(Math.floor(value / 2 ** 32), at);
  return bytes.writeUInt32BE(value >>> 0, at + 4);
}
