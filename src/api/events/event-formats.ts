import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { csvLine } from './csv.js';
import { eventJson } from './event-json.js';
import type { StreamFormat } from './event-stream.js';
import { formatPositions } from './positions.js';
import { formatRfc3339 } from '../request/rfc3339.js';

/** One event per line (application/x-ndjson). @param fields members of each, all when absent */
export function lines(fields: readonly string[] | undefined): StreamFormat {
  return {
    mediaType: 'application/x-ndjson; charset=utf-8',
    opening: () => '',
    event: (event) => `${eventJson(event, fields)}\n`,
    skipped: () => '',
    heartbeat: () => '',
  };
}

/** Columns of an event in CSV. */
const COLUMNS = [
  ...(['shard', 'position', 'stream', 'sequence', 'type', 'schemaVersion', 'occurredAt', 'recordedAt'] as const),
  ...(['tenant', 'device', 'payload', 'metadata'] as const),
];

export const CSV_HEAD = csvLine(COLUMNS);

/** An event as a line of CSV; payload and metadata are JSON, as they were journaled. */
export function eventCsv(event: RecordedEvent): string {
  const { shard, position, stream, sequence, type, schemaVersion } = event;
  const { concept, tenant, id = null } = parseStreamKey(stream);
  return csvLine([
    ...[shard, position, stream, sequence, type, schemaVersion],
    ...[formatRfc3339(event.occurredAt), formatRfc3339(event.recordedAt)],
    ...[tenant, concept === 'device' ? id : null, event.payload.toString('utf8'), event.metadata.toString('utf8')],
  ]);
}

/** A table for spreadsheets (text/csv, RFC 4180). */
export const CSV: StreamFormat = {
  mediaType: 'text/csv; charset=utf-8; header=present',
  opening: () => CSV_HEAD,
  event: eventCsv,
  skipped: () => '',
  heartbeat: () => '',
};

/**
 * Server-sent events (WHATWG HTML §9.2). A heartbeat is a comment with an `id:` and no data: browsers dispatch nothing for
 * it and remember the id, so that a reader of a narrow selection resumes near the head and not at its last event.
 * @param retryMs wait of a client before it connects again
 * @param fields members of each event, all when absent
 */
export function serverSentEvents(retryMs: number, fields: readonly string[] | undefined): StreamFormat {
  return {
    mediaType: 'text/event-stream; charset=utf-8',
    // With the place where it begins: a reader that loses its line before the first event misses nothing.
    opening: (positions) => `retry: ${retryMs}\nid: ${formatPositions(positions)}\n\n`,
    event: (event, positions) =>
      `${positions ? `id: ${formatPositions(positions)}\n` : ''}data: ${eventJson(event, fields)}\n\n`,
    skipped: (count) => `event: skipped\ndata: ${count}\n\n`,
    heartbeat: (positions) => `: still here\nid: ${formatPositions(positions)}\n\n`,
  };
}
