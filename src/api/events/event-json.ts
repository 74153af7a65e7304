import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { formatRfc3339 } from '../request/rfc3339.js';

/**
 * An event in its one JSON form (interfaces.md §4a). Payload and metadata go out as the bytes that were journaled: parsing
 * and writing them again would cost most of a replay and could change a number's spelling.
 * @param fields names of members to hold, all when absent
 */
export function eventJson(event: RecordedEvent, fields?: readonly string[]): string {
  const members = membersOf(event);
  if (fields !== undefined) return chosenJson(event, members, fields);
  const head = JSON.stringify(members).slice(0, -1);
  return `${head},"payload":${event.payload.toString('utf8')},"metadata":${event.metadata.toString('utf8')}}`;
}

/** All but payload and metadata. */
function membersOf(event: RecordedEvent): Readonly<Record<string, string | number | null>> {
  const { concept, tenant, id = null } = parseStreamKey(event.stream);
  return {
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
  };
}

function chosenJson(event: RecordedEvent, members: ReturnType<typeof membersOf>, fields: readonly string[]): string {
  const textOf = (name: string): string =>
    name === 'payload' || name === 'metadata' ? event[name].toString('utf8') : JSON.stringify(members[name]);
  return `{${fields.map((name) => `"${name}":${textOf(name)}`).join(',')}}`;
}

/** The body of a page of events. @param rest further members of the page @param fields members of each event */
export function eventPageJson(
  events: readonly RecordedEvent[],
  rest: Readonly<Record<string, unknown>>,
  fields: readonly string[] | undefined,
): string {
  return `{"items":[${events.map((event) => eventJson(event, fields)).join(',')}],${JSON.stringify(rest).slice(1)}`;
}
