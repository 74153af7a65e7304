import type { RecordedEvent } from '../../actors/kernel/ports.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';

/** A record of the events topic, as kafkajs takes it. */
export interface EventRecord {
  readonly partition: number;
  /** The stream, so that the default partitioner of any client finds the partition. */
  readonly key: string;
  /** The event's payload, untouched. */
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** ms since 1970: when the journal took it, but never in the future. */
  readonly timestamp: string;
}

/** The members of an event's metadata that become headers (`origin.ts` writes them). */
interface EventMetadata {
  readonly principal?: string;
  readonly sessionEpoch?: number;
  readonly correlationId?: string;
  readonly causationId?: string;
}

/** `interfaces.md` §5: all headers are text. Those that an event lacks (a rule's session epoch, say) are left out. */
export function toEventRecord(event: RecordedEvent): EventRecord {
  const { tenant, id } = parseStreamKey(event.stream);
  const metadata = JSON.parse(event.metadata.toString()) as EventMetadata;
  const text = (name: string, value: string | number | undefined): Record<string, string> =>
    value === undefined ? {} : { [name]: String(value) };
  return {
    partition: event.shard,
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
      ...(event.stream.startsWith('device/') && text('device_id', id)),
      recorded_at: String(event.recordedAt),
      occurred_at: String(event.occurredAt),
      ...text('principal', metadata.principal),
      ...text('session_epoch', metadata.sessionEpoch),
      ...text('correlation_id', metadata.correlationId),
      ...text('causation_id', metadata.causationId),
      'content-type': 'application/json',
      'creation-time': String(event.occurredAt),
    },
    // Kafka 4 refuses what is more than an hour ahead; a journal written while the clock was wrong must get there all the same.
    timestamp: String(Math.min(event.recordedAt, Date.now())),
  };
}
