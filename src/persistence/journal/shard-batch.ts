import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import type { WaitingAppend } from './waiting-append.js';

/** Appends of one shard that go out together; they all carry the same epoch. */
export interface ShardBatch {
  readonly shard: number;
  readonly epoch: number;
  readonly appends: readonly WaitingAppend[];
  /** Events of all its appends. */
  readonly count: number;
  /**
   * Payload and metadata of each event, one behind the other: what the statement sends, and what the newest events in memory
   * point into. The events' own bytes were cut from Node's buffer pool, of which a lone event would keep 8 KiB alive
   * (bench `memory`), so that they are copied once and not kept.
   */
  readonly content: Buffer;
}

export function toShardBatch(shard: number, epoch: number, appends: readonly WaitingAppend[]): ShardBatch {
  let count = 0;
  let bytes = 0;
  for (const { events, contentBytes } of appends) {
    count += events;
    bytes += contentBytes;
  }
  const content = Buffer.allocUnsafeSlow(bytes);
  let end = 0;
  for (const { append } of appends) {
    for (const { payload, metadata } of append.events) {
      end += payload.copy(content, end);
      end += metadata.copy(content, end);
    }
  }
  return { shard, epoch, appends, count, content };
}

/** The events of a batch with their places, the first one after `base`. */
export function toRecordedEvents(batch: ShardBatch, base: number, recordedAt: number): RecordedEvent[] {
  const { shard, content } = batch;
  const recorded: RecordedEvent[] = [];
  let position = base;
  let end = 0;
  const next = (length: number): Buffer => content.subarray(end, (end += length));
  for (const { append } of batch.appends) {
    const { stream } = append;
    let sequence = append.firstSequence;
    for (const { type, schemaVersion, occurredAt, payload, metadata } of append.events) {
      position += 1;
      recorded.push({
        shard,
        position,
        stream,
        sequence,
        type,
        schemaVersion,
        occurredAt,
        recordedAt,
        payload: next(payload.length),
        metadata: next(metadata.length),
      });
      sequence += 1;
    }
  }
  return recorded;
}
