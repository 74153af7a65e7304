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
const HASH_MEMBER_START = ',"hash":"';
/** `,"hash":"` + 43 characters of base64url + `"}` */
const HASH_MEMBER_BYTES = HASH_MEMBER_START.length + 43 + 2;
const CLOSING_BRACE = Buffer.from('}');

const hashMember = (link: Buffer): string => `${HASH_MEMBER_START}${link.toString('base64url')}"}`;

/** What a link covers beside its predecessor. */
export type LinkedFields = Pick<RecordedEvent, 'sequence' | 'type' | 'schemaVersion' | 'occurredAt' | 'payload'>;

/** h(0) of a stream. */
export function chainStart(stream: string): Buffer {
  return hash('sha256', `${CHAIN_FORMAT}\n${stream}`, 'buffer');
}

// One scratch area for all links: hashing is synchronous, and one call over one buffer is the cheapest way (bench `ingest`).
let scratch = Buffer.allocUnsafe(16 * 1024);

function writeField(value: string | Buffer, at: number): number {
  const start = at + LENGTH_BYTES;
  const length = typeof value === 'string' ? scratch.write(value, start, 'utf8') : value.copy(scratch, start);
  scratch.writeUInt32BE(length, at);
  return start + length;
}

/** Writes what h(n) is made of, up to the metadata, whose length is needed for the room; answers where that field begins. */
function writeUpToMetadata(previous: Buffer, fields: LinkedFields, metadataLength: number): number {
  // 3 bytes per UTF-16 unit bound UTF-8; 128 cover the lengths and the three numbers.
  const bound = LINK_BYTES + fields.payload.length + 3 * (fields.type.length + metadataLength) + 128;
  if (scratch.length < bound) scratch = Buffer.allocUnsafe(bound * 2);
  let end = previous.copy(scratch, 0);
  end = writeField(String(fields.sequence), end);
  end = writeField(fields.type, end);
  end = writeField(String(fields.schemaVersion), end);
  end = writeField(String(fields.occurredAt), end);
  return writeField(fields.payload, end);
}

const hashScratch = (end: number): Buffer => hash('sha256', scratch.subarray(0, end), 'buffer');

/**
 * Links an event to its predecessor.
 * @param metadataText the event's metadata as JSON text, without the hash
 * @returns the new link and the metadata to journal, with the hash as its last member
 */
export function linkEvent(
  previous: Buffer,
  fields: LinkedFields,
  metadataText: string,
): { readonly link: Buffer; readonly metadata: Buffer } {
  const start = writeUpToMetadata(previous, fields, metadataText.length);
  const end = writeField(metadataText, start);
  const link = hashScratch(end);
  // The text was encoded for the link already; its closing brace moves behind the hash.
  const text = scratch.subarray(start + LENGTH_BYTES, end - CLOSING_BRACE.length);
  const metadata = Buffer.allocUnsafe(text.length + HASH_MEMBER_BYTES);
  text.copy(metadata);
  metadata.write(hashMember(link), text.length, 'latin1');
  return { link, metadata };
}

/** Whether the event's metadata names this link: what a snapshot's link is checked against. */
export function namesLink(event: EncodedEvent, link: Buffer): boolean {
  return event.metadata.toString('latin1', Math.max(0, event.metadata.length - HASH_MEMBER_BYTES)) === hashMember(link);
}

/** The event's link when it is the one that follows `previous`, otherwise `undefined`. */
export function verifyLink(previous: Buffer, event: EncodedEvent & { readonly sequence: number }): Buffer | undefined {
  const cut = Math.max(0, event.metadata.length - HASH_MEMBER_BYTES);
  // Bytes, not text: two broken UTF-8 sequences would decode to the same character and verify alike.
  const metadata = Buffer.concat([event.metadata.subarray(0, cut), CLOSING_BRACE]);
  const link = hashScratch(writeField(metadata, writeUpToMetadata(previous, event, metadata.length)));
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
