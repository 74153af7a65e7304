import { eventJson } from './event-json.js';
import type { StreamFormat } from './event-stream.js';
import { formatPositions } from './positions.js';

/** One event per line (application/x-ndjson). */
export const LINES: StreamFormat = {
  mediaType: 'application/x-ndjson; charset=utf-8',
  opening: () => '',
  event: (event) => `${eventJson(event)}\n`,
  skipped: () => '',
  heartbeat: () => '',
};

/**
 * Server-sent events (WHATWG HTML §9.2). A heartbeat is a comment with an `id:` and no data: browsers dispatch nothing for
 * it and remember the id, so that a reader of a narrow selection resumes near the head and not at its last event.
 * @param retryMs wait of a client before it connects again
 */
export function serverSentEvents(retryMs: number): StreamFormat {
  return {
    mediaType: 'text/event-stream; charset=utf-8',
    // With the place where it begins: a reader that loses its line before the first event misses nothing.
    opening: (positions) => `retry: ${retryMs}\nid: ${formatPositions(positions)}\n\n`,
    event: (event, positions) =>
      `${positions ? `id: ${formatPositions(positions)}\n` : ''}data: ${eventJson(event)}\n\n`,
    skipped: (count) => `event: skipped\ndata: ${count}\n\n`,
    heartbeat: (positions) => `: still here\nid: ${formatPositions(positions)}\n\n`,
  };
}
