import { withDeadline } from '../../actors/kernel/deadline.js';
import { StartRefused } from '../../actors/kernel/errors.js';
import type { EventPublisher, RelayCheckpoint } from '../../actors/kernel/ports/publisher.js';
import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import { readLastCheckpoint } from './checkpoint-record.js';
import { createKafkaClient, type KafkaClient, type KafkaConnection } from './kafka-client.js';
import type { Cluster } from './kafkajs-internals.js';
import { holdsRecords } from './partition-reader.js';
import { openSession, type PublisherSession } from './publisher-session.js';
import type { TopicNames } from './topic-settings.js';
import { ensureTopics } from './topics.js';

/** The publisher over kafkajs, and what the verifier shares with it. */
export interface KafkaPublisher extends EventPublisher {
  readonly client: KafkaClient;
  readonly topics: TopicNames;
  readonly shards: number;
  /** Closes every session. */
  stop(): Promise<void>;
}

const TOPICS_MS = 20_000;
const CHECKPOINT_MS = 20_000;

/** Transactional publishing in the exact steps of libraries.md §3: topics, open, fence, checkpoint, transactions, throw away. */
export function createEventPublisher(
  options: KafkaConnection & TopicNames & { readonly shards: number; readonly clock: Pick<Clock, 'now'> },
): KafkaPublisher {
  const client = createKafkaClient(options);
  const { shards } = options;
  const topics: TopicNames = { eventsTopic: options.eventsTopic, checkpointTopic: options.checkpointTopic };
  /** By shard; without a session while it opens. */
  const slots = new Map<number, { session?: PublisherSession }>();
  let ensured: Promise<void> | undefined;

  /** Once for all shards; a failure is tried again by the next `open`. */
  function topicsExist(): Promise<void> {
    ensured ??= withDeadline(
      ensureTopics(client, topics, shards, options.logger),
      TOPICS_MS,
      'looking at the Kafka topics',
    ).catch((error: unknown) => {
      ensured = undefined;
      throw error;
    });
    return ensured;
  }

  async function close(shard: number): Promise<void> {
    const slot = slots.get(shard);
    slots.delete(shard);
    await slot?.session?.close();
  }

  return {
    client,
    topics,
    shards,
    async open(shard) {
      const earlier = slots.get(shard);
      const slot: { session?: PublisherSession } = {};
      slots.set(shard, slot);
      await earlier?.session?.close();
      await topicsExist();
      const session = await openSession(client, topics, shard, options.clock);
      if (slots.get(shard) === slot) {
        slot.session = session;
        return;
      }
      await session.close();
      throw new Error(`shard ${shard} was closed while it opened`);
    },
    readCheckpoint: (shard) =>
      withDeadline(
        onCluster(client, [topics.eventsTopic, topics.checkpointTopic], (cluster) =>
          checkpointOf(cluster, topics, shard),
        ),
        CHECKPOINT_MS,
        'reading the checkpoint',
      ),
    async send(shard, events, checkpoint) {
      const session = slots.get(shard)?.session;
      if (session === undefined) throw new Error(`shard ${shard} is not open`);
      await session.send(events, checkpoint);
    },
    close,
    async stop() {
      await Promise.all([...slots.keys()].map(close));
    },
  };
}

/** Without a checkpoint everything would be sent: to a topic that holds events already, a second time. */
async function checkpointOf(
  cluster: Cluster,
  { eventsTopic, checkpointTopic }: TopicNames,
  shard: number,
): Promise<RelayCheckpoint | undefined> {
  const checkpoint = await readLastCheckpoint(cluster, { topic: checkpointTopic, partition: shard });
  if (checkpoint === undefined && (await holdsRecords(cluster, { topic: eventsTopic, partition: shard }))) {
    throw new StartRefused(
      `The Kafka topic ${eventsTopic} holds events of shard ${shard}, but ${checkpointTopic} has no checkpoint of it: set KAFKA_CHECKPOINT_TOPIC to the topic that belongs to it, or both KAFKA_TOPIC and KAFKA_CHECKPOINT_TOPIC to new topics.`,
    );
  }
  return checkpoint;
}

/** Runs `work` on a cluster connection of its own. */
export async function onCluster<T>(
  client: KafkaClient,
  topics: readonly string[],
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = await client.openCluster(topics);
  try {
    return await work(cluster);
  } finally {
    await cluster.disconnect();
  }
}
