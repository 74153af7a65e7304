import { StartRefused } from '../kernel/errors.js';
import type { ShardHead } from '../kernel/ports/journal.js';
import type { RelayCheckpoint } from '../kernel/ports/publisher.js';

/**
 * The position after which the relay goes on: the checkpoint in Kafka, 0 when there is none, for then the topic is a new one
 * that holds nothing. What Postgres mirrors is never taken for it (K12), but a checkpoint must lie between mirror and head.
 * @throws StartRefused when topic and journal are not of one history: nothing is sent then
 */
export function resumePosition(
  checkpoint: RelayCheckpoint | undefined,
  { shard, head, relayed }: Pick<ShardHead, 'shard' | 'head' | 'relayed'>,
): number {
  if (checkpoint === undefined) return 0;
  const { position } = checkpoint;
  if (position > head) {
    throw new StartRefused(
      `Kafka holds events of shard ${shard} up to position ${position}, but the journal ends at ${head}: this journal was restored from an older backup or is another one. Set KAFKA_TOPIC and KAFKA_CHECKPOINT_TOPIC to new topics, or connect the right database.`,
    );
  }
  if (position < relayed) {
    throw new StartRefused(
      `Events of shard ${shard} were relayed up to position ${relayed}, but this Kafka knows of ${position} only: it has lost records or is another one. Connect the right Kafka, or see docs/how-to/attach-kafka-later.md to relay everything into a new one.`,
    );
  }
  return position;
}
