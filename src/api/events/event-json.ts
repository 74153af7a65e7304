import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { formatRfc3339 } from '../request/rfc3339.js';

/**
 * An event in its one JSON form (interfaces.md §4a). Payload and metadata go out as the bytes that were journaled: parsing
 * and writing them again would cost most of a replay and could change a number's spelling.
 */
export function eventJson(event: RecordedEvent): string {
  const { concept, tenant, id } = parseStreamKey(event.stream);
  const head = JSON.stringify({
    shard: event.shard,
    position: event.position,
    stream: event.stream,
    sequence: event.sequence,
    type: event.type,
    schemaVersion: event.schemaVersion,
    occurredAt: formatRfc3339(event.occurredAt),
    recordedAt: formatRfc3339(event.recordedAt),
    tenant,
    device: concept === 'device' ? id : null,
  }).slice(0, -1);
  return `${head},"payload":${event.payload.toString('utf8')},"metadata":${event.metadata.toString('utf8')}}`;
}

/** The body of a page of events. @param rest further members */
export function eventPageJson(events: readonly RecordedEvent[], rest: Readonly<Record<string, unknown>>): string {
  return `{"items":[${events.map(eventJson).join(',')}],${JSON.stringify(rest).slice(1)}`;
}
