import { hash } from 'node:crypto';
import type { EncodedEvent, RecordedEvent } from './ports/journal.js';

/**
 * The hash chain of a stream (SEC-154, SEC-155): whoever holds the events of one stream can prove, without Fleetlog and without
 * its database, that none was changed, deleted, inserted, swapped or brought from another stream.
 *
 * **Format 1** (public, never changed; another one gets another number). All links are SHA-256, 32 bytes.
 * ```
 * h(0) = SHA-256( "fleetlog-chain-1" LF stream )                                   text in UTF-8
 * h(n) = SHA-256( h(n-1) ‖ F(sequence) ‖ F(type) ‖ F(schemaVersion) ‖ F(occurredAt) ‖ F(payload) ‖ F(metadata) )
 * F(x) = length of x in bytes, unsigned 32 bit big-endian ‖ x
 * ```
 * `sequence`, `schemaVersion` and `occurredAt` (milliseconds since 1970) are decimal ASCII without sign or leading zeros but for
 * a negative `occurredAt`; `type` is UTF-8; `payload` is the journaled bytes. `metadata` is the journaled bytes without the
 * hash: the last member `,"hash":"<43 characters>"` is cut out, the closing brace stays. `hash` is h(n) in base64url without
 * padding. Position and time of recording belong to the database and stay outside.
 */
const CHAIN_FORMAT = 'fleetlog-chain-1';

const LINK_BYTES = 32;
/** Of a field's length. */
const LENGTH_BYTES = 4;
const HASH_MEMBER_START = Buffer.from(',"hash":"');
/** `,"hash":"` + 43 characters of base64url + `"}` */
const HASH_MEMBER_BYTES = HASH_MEMBER_START.length + 43 + 2;
const CLOSING_BRACE = Buffer.from('}');
const QUOTE = 0x22;

/** What a link covers beside its predecessor. */
export type LinkedFields = Pick<RecordedEvent, 'sequence' | 'type' | 'schemaVersion' | 'occurredAt' | 'payload'>;

/** h(0) of a stream. */
export function chainStart(stream: string): Buffer {
  return hash('sha256', `${CHAIN_FORMAT}\n${stream}`, 'buffer');
}

// One scratch area for all links: hashing is synchronous, and one call over one buffer is the cheapest way (bench `ingest`).
let scratch = Buffer.allocUnsafe(16 * 1024);

/** Texts up to so many characters are written here: a call into Node costs more. */
const SHORT = 64;

/** Writes `F(text)`. */
function writeText(text: string, at: number): number {
  const start = at + LENGTH_BYTES;
  return writeLength(at, start + putText(text, start));
}

/** Answers how many bytes were written. */
function putText(text: string, start: number): number {
  const { length } = text;
  if (length > SHORT) return scratch.write(text, start, 'utf8');
  for (let index = 0; index < length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return scratch.write(text, start, 'utf8');
    scratch[start + index] = unit;
  }
  return length;
}

/** Writes `F(bytes)`. */
function writeBytes(bytes: Buffer, at: number): number {
  const start = at + LENGTH_BYTES;
  return writeLength(at, start + bytes.copy(scratch, start));
}

/** Of the field that begins at `at` and ends at `end`. */
function writeLength(at: number, end: number): number {
  scratch.writeUInt32BE(end - at - LENGTH_BYTES, at);
  return end;
}

/** Writes what h(n) is made of, up to the metadata, whose length is needed for the room; answers where that field begins. */
function writeUpToMetadata(previous: Buffer, fields: LinkedFields, metadataLength: number): number {
  // 3 bytes per UTF-16 unit bound UTF-8; 128 cover the lengths and the three numbers.
  const bound = LINK_BYTES + fields.payload.length + 3 * (fields.type.length + metadataLength) + 128;
  if (scratch.length < bound) scratch = Buffer.allocUnsafe(bound * 2);
  let end = previous.copy(scratch, 0);
  end = writeText(String(fields.sequence), end);
  end = writeText(fields.type, end);
  end = writeText(String(fields.schemaVersion), end);
  end = writeText(String(fields.occurredAt), end);
  return writeBytes(fields.payload, end);
}

/** Writes the SHA-256 of what was written. By way of a text of 32 letters (`binary` is Latin-1), for half of what a new buffer costs. */
function hashScratch(end: number, link: Buffer): void {
  const digest = hash('sha256', scratch.subarray(0, end), 'binary');
  for (let index = 0; index < LINK_BYTES; index += 1) link[index] = digest.charCodeAt(index);
}

/** The metadata of an event as JSON, without the hash: its beginning in bytes, which many events share, and the rest of it. */
export interface MetadataParts {
  readonly head: Buffer;
  readonly tail: string;
}

/**
 * Links an event to its predecessor.
 * @param link the predecessor's; becomes the event's
 * @returns the metadata to journal, with the hash as its last member
 */
export function linkEvent(link: Buffer, fields: LinkedFields, { head, tail }: MetadataParts): Buffer {
  const start = writeUpToMetadata(link, fields, head.length + tail.length);
  const tailAt = start + LENGTH_BYTES + head.copy(scratch, start + LENGTH_BYTES);
  const end = writeLength(start, tailAt + putText(tail, tailAt));
  hashScratch(end, link);
  // What was written for the link is the metadata already, but for the hash before its closing brace.
  const length = end - start - LENGTH_BYTES - CLOSING_BRACE.length;
  const metadata = Buffer.allocUnsafe(length + HASH_MEMBER_BYTES);
  scratch.copy(metadata, 0, start + LENGTH_BYTES, end - CLOSING_BRACE.length);
  writeHashMember(link, metadata, length);
  return metadata;
}

const BASE64URL = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

/** Writes `,"hash":"…"}`: the link in base64url (RFC 4648 §5) without padding, which is 43 characters for 32 bytes. */
function writeHashMember(link: Buffer, into: Buffer, start: number): void {
  let at = start;
  for (const byte of HASH_MEMBER_START) into[at++] = byte;
  for (let index = 0; index < LINK_BYTES; index += 3) {
    // Behind the last byte stand zeros.
    const three = ((link[index] ?? 0) << 16) | ((link[index + 1] ?? 0) << 8) | (link[index + 2] ?? 0);
    into[at++] = BASE64URL[three >> 18] as number;
    into[at++] = BASE64URL[(three >> 12) & 63] as number;
    into[at++] = BASE64URL[(three >> 6) & 63] as number;
    into[at++] = BASE64URL[three & 63] as number;
  }
  // The last group holds two bytes only, whose four characters end in a place that is none.
  into[at - 1] = QUOTE;
  into[at] = CLOSING_BRACE[0] as number;
}

/** Whether the event's metadata names this link: what a snapshot's link is checked against. */
export function namesLink({ metadata }: EncodedEvent, link: Buffer): boolean {
  const expected = Buffer.allocUnsafe(HASH_MEMBER_BYTES);
  writeHashMember(link, expected, 0);
  return expected.equals(metadata.subarray(Math.max(0, metadata.length - HASH_MEMBER_BYTES)));
}

/** The event's link when it is the one that follows `previous`, otherwise `undefined`. */
export function verifyLink(previous: Buffer, event: EncodedEvent & { readonly sequence: number }): Buffer | undefined {
  const cut = Math.max(0, event.metadata.length - HASH_MEMBER_BYTES);
  // Bytes, not text: two broken UTF-8 sequences would decode to the same character and verify alike.
  const metadata = Buffer.concat([event.metadata.subarray(0, cut), CLOSING_BRACE]);
  const link = Buffer.allocUnsafeSlow(LINK_BYTES);
  hashScratch(writeBytes(metadata, writeUpToMetadata(previous, event, metadata.length)), link);
  return namesLink(event, link) ? link : undefined;
}

/** A place in a stream's chain from which verification may go on. */
export interface ChainPoint {
  readonly sequence: number;
  readonly link: Buffer;
}

export type ChainVerdict =
  | { readonly intact: true; readonly last: ChainPoint }
  /** `sequence` is the first that is missing, doubled, changed or foreign. */
  | { readonly intact: false; readonly stream: string; readonly sequence: number; readonly fault: 'gap' | 'link' };

/**
 * Verifies events of one stream, as read from the journal, an export or an archive.
 * @param events in order of the stream
 * @param from the point before the first event; absent = the beginning of the stream
 */
export function verifyChain(stream: string, events: Iterable<RecordedEvent>, from?: ChainPoint): ChainVerdict {
  let last: ChainPoint = from ?? { sequence: 0, link: chainStart(stream) };
  for (const event of events) {
    const sequence = last.sequence + 1;
    if (event.sequence !== sequence || event.stream !== stream)
      return { intact: false, stream, sequence, fault: 'gap' };
    const link = verifyLink(last.link, event);
    if (link === undefined) return { intact: false, stream, sequence, fault: 'link' };
    last = { sequence, link };
  }
  return { intact: true, last };
}
