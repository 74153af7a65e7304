import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { HEADER_MEMBERS } from './metadata-members.js';

/**
 * What the record of an event says (`interfaces.md` §5), in plain words. The verifier compares the topic with it, and
 * `event-record-writer.ts`, which writes the same without making it, is tested against it.
 */
export interface EventRecord {
  /** The stream, so that the default partitioner of any client finds the partition. */
  readonly key: string;
  /** The event's payload, untouched. */
  readonly value: Buffer;
  /** All text. Those that an event lacks (a rule's session epoch, say) are left out. */
  readonly headers: Readonly<Record<string, string>>;
}

export function toEventRecord(event: RecordedEvent): EventRecord {
  const { concept, tenant, id } = parseStreamKey(event.stream);
  return {
    key: event.stream,
    value: event.payload,
    headers: {
      event_type: event.type,
      schema_version: String(event.schemaVersion),
      shard: String(event.shard),
      position: String(event.position),
      sequence: String(event.sequence),
      stream: event.stream,
      tenant_id: tenant,
      ...(concept === 'device' && id !== undefined && { device_id: id }),
      recorded_at: String(event.recordedAt),
      occurred_at: String(event.occurredAt),
      ...headersOf(event.metadata),
      'content-type': 'application/json',
      'creation-time': String(event.occurredAt),
    },
  };
}

/** The headers that come from the metadata, in their order. */
export function headersOf(metadata: Buffer): Record<string, string> {
  const members = JSON.parse(metadata.toString()) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    HEADER_MEMBERS.filter(({ member }) => members[member] !== undefined).map(({ member, header }) => [
      header,
      String(members[member]),
    ]),
  );
}

/**
 * Time stamp of the record, ms since 1970: when the journal took the event, but never in the future. Kafka 4 refuses what is
 * more than an hour ahead; a journal written while the clock was wrong must get there all the same.
 */
export function timestampOf({ recordedAt }: RecordedEvent, now: number): number {
  return Math.min(recordedAt, now);
}
