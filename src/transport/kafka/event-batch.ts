import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import type { ByteWriter } from './byte-writer.js';
import { timestampOf } from './event-record.js';
import { writeEventRecord } from './event-record-writer.js';
import { writeRecordBatch, type ProducerIdentity } from './record-batch.js';

/**
 * Writes the batch of these events.
 * @param now of the clock, ms since 1970: no record is from later
 */
export function writeEventBatch(
  out: ByteWriter,
  producer: ProducerIdentity,
  firstSequence: number,
  events: readonly RecordedEvent[],
  now: number,
): void {
  let firstTimestamp = now;
  let lastTimestamp = -Infinity;
  for (const event of events) {
    const timestamp = timestampOf(event, now);
    firstTimestamp = Math.min(firstTimestamp, timestamp);
    lastTimestamp = Math.max(lastTimestamp, timestamp);
  }
  writeRecordBatch(out, { producer, firstSequence, records: events.length, firstTimestamp, lastTimestamp }, () => {
    for (let index = 0; index < events.length; index += 1) {
      const event = events[index] as RecordedEvent;
      writeEventRecord(out, event, index, timestampOf(event, now) - firstTimestamp);
    }
  });
}
