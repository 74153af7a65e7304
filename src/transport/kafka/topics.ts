import type { Admin } from 'kafkajs';
import { StartRefused } from '../../actors/kernel/errors.js';
import type { Logger } from '../../actors/kernel/ports/surroundings.js';
import type { KafkaClient } from './kafka-client.js';
import { checkSettings, COMPACTED, KEPT_FOR_EVER, type TopicNames } from './topic-settings.js';

/** Replicas where the cluster has the brokers for it, and how many must have a record before it counts. */
const REPLICAS = 3;

/**
 * Creates the two topics unless they are there: events with one partition per shard and no end of retention, checkpoints
 * compacted.
 * @throws StartRefused when a topic has another number of partitions than there are shards, or checkpoints would expire
 */
export async function ensureTopics(
  client: KafkaClient,
  { eventsTopic, checkpointTopic }: TopicNames,
  shards: number,
  logger: Logger,
): Promise<void> {
  const admin = client.kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const missing = [eventsTopic, checkpointTopic].filter((topic) => !existing.has(topic));
    if (missing.length > 0) await createTopics(admin, missing, eventsTopic, shards);
    const { topics } = await admin.fetchTopicMetadata({ topics: [eventsTopic, checkpointTopic] });
    for (const topic of [eventsTopic, checkpointTopic])
      refuseOtherPartitions(topic, topics.find(({ name }) => name === topic)?.partitions.length ?? 0, shards);
    // A topic that was made a moment ago is as it should be, and not every broker knows of it yet.
    if (missing.length === 0) await checkSettings(admin, { eventsTopic, checkpointTopic }, logger);
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
