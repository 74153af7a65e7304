import type { Admin } from 'kafkajs';
import { StartRefused } from '../../actors/kernel/errors.js';
import type { KafkaClient } from './kafka-client.js';

export interface TopicNames {
  readonly eventsTopic: string;
  readonly checkpointTopic: string;
}

/** Replicas where the cluster has the brokers for it, and how many must have a record before it counts. */
const REPLICAS = 3;

/**
 * Creates the two topics unless they are there: events with one partition per shard and no end of retention, checkpoints
 * compacted.
 * @throws StartRefused when a topic has another number of partitions than there are shards
 */
export async function ensureTopics(
  client: KafkaClient,
  { eventsTopic, checkpointTopic }: TopicNames,
  shards: number,
): Promise<void> {
  const admin = client.kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const missing = [eventsTopic, checkpointTopic].filter((topic) => !existing.has(topic));
    if (missing.length > 0) await createTopics(admin, missing, eventsTopic, shards);
    const { topics } = await admin.fetchTopicMetadata({ topics: [eventsTopic, checkpointTopic] });
    for (const { name, partitions } of topics) refuseOtherPartitions(name, partitions.length, shards);
  } finally {
    await admin.disconnect();
  }
}

function refuseOtherPartitions(topic: string, partitions: number, shards: number): void {
  if (partitions === shards) return;
  throw new StartRefused(
    `The Kafka topic ${topic} has ${partitions} partitions, but this journal has ${shards} shards: set KAFKA_TOPIC and KAFKA_CHECKPOINT_TOPIC to new topics, or delete the topic.`,
  );
}

async function createTopics(
  admin: Admin,
  topics: readonly string[],
  eventsTopic: string,
  shards: number,
): Promise<void> {
  const { brokers } = await admin.describeCluster();
  const replicationFactor = Math.min(REPLICAS, brokers.length);
  const durable = { name: 'min.insync.replicas', value: String(Math.max(1, replicationFactor - 1)) };
  // Answers `false` when another node was faster; the partitions are checked afterwards.
  await admin.createTopics({
    waitForLeaders: true,
    topics: topics.map((topic) => ({
      topic,
      numPartitions: shards,
      replicationFactor,
      configEntries: [durable, ...(topic === eventsTopic ? KEPT_FOR_EVER : COMPACTED)],
    })),
  });
}

const KEPT_FOR_EVER = [
  { name: 'retention.ms', value: '-1' },
  { name: 'retention.bytes', value: '-1' },
];
/** Small segments and an eager cleaner: a start reads the end of this topic only. */
const COMPACTED = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'segment.bytes', value: String(1 << 20) },
  { name: 'min.cleanable.dirty.ratio', value: '0.1' },
];
