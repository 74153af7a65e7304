import type { RecordedEvent } from '../kernel/ports/journal.js';

/** kafkajs never splits a batch (K9): a transaction stays below the broker's limit of 1 MiB with room for keys and headers. */
export const BATCH_EVENTS = 1_000;
const BATCH_BYTES = 700 * 1024;
/** Names of the headers, numbers, times and record framing. */
const RECORD_BYTES = 400;
/** The stream is key and header, and its parts are headers again. */
const STREAM_COPIES = 3;

/**
 * The events of the next transaction: from the beginning of `events`, at least one, within the bounds.
 * @throws Error when the positions do not follow each other from `after + 1`: relaying them would break the order
 */
export function nextBatch(events: readonly RecordedEvent[], after: number): readonly RecordedEvent[] {
  let bytes = 0;
  let count = 0;
  for (const event of events) {
    if (event.position !== after + count + 1)
      throw new Error(`position ${event.position} where ${after + count + 1} was due`);
    bytes += sizeOf(event);
    if (count > 0 && (bytes > BATCH_BYTES || count === BATCH_EVENTS)) break;
    count += 1;
  }
  return events.slice(0, count);
}

/** Bytes of its record, on the high side: what headers tell of the metadata is less than all of it. */
function sizeOf({ payload, metadata, stream, type }: RecordedEvent): number {
  return RECORD_BYTES + payload.length + metadata.length + type.length + STREAM_COPIES * stream.length;
}
