import { afterEach, expect, test } from '@jest/globals';
import kafkajs from 'kafkajs';

import { StartRefused } from '../../../src/actors/kernel/errors.js';
import type { TopicNames } from '../../../src/transport/kafka/topic-settings.js';
import { ensureTopics } from '../../../src/transport/kafka/topics.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { freshTopics, stopStarted, testPublisher } from '../../support/kafka.js';

afterEach(stopStarted);

test('the events topic has a partition per shard and keeps its records for ever, the checkpoints are compacted', async () => {
  const topics = freshTopics();
  const { client } = testPublisher({ topics, shards: 5 });
  await ensureTopics(client, topics, 5, createSilentLogger());
  const admin = client.kafka.admin();
  await admin.connect();
  const metadata = await admin.fetchTopicMetadata({ topics: [topics.eventsTopic, topics.checkpointTopic] });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [topics.eventsTopic, topics.checkpointTopic].map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
    })),
  });
  await admin.disconnect();
  expect(metadata.topics.map(({ partitions }) => partitions.length)).toEqual([5, 5]);
  const settings = resources.map(({ configEntries }) =>
    Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])),
  );
  expect(settings[0]).toMatchObject({ 'retention.ms': '-1', 'retention.bytes': '-1', 'cleanup.policy': 'delete' });
  expect(settings[1]).toMatchObject({ 'cleanup.policy': 'compact', 'delete.retention.ms': '600000' });
});

test('topics that are there are taken as they are', async () => {
  const topics = freshTopics();
  const { client } = testPublisher({ topics, shards: 2 });
  await ensureTopics(client, topics, 2, createSilentLogger());
  await ensureTopics(client, topics, 2, createSilentLogger());
});

/** Both topics, as somebody else makes them. */
async function made(topics: TopicNames, settings: { events: Settings; checkpoints: Settings }): Promise<void> {
  const admin = testPublisher({ topics, shards: 2 }).client.kafka.admin();
  await admin.connect();
  const entries = (given: Settings) => Object.entries(given).map(([name, value]) => ({ name, value }));
  await admin.createTopics({
    waitForLeaders: true,
    topics: [
      { topic: topics.eventsTopic, numPartitions: 2, configEntries: entries(settings.events) },
      { topic: topics.checkpointTopic, numPartitions: 2, configEntries: entries(settings.checkpoints) },
    ],
  });
  await admin.disconnect();
}
type Settings = Readonly<Record<string, string>>;

test('a checkpoint topic that deletes old records is refused with the remedy', async () => {
  const topics = freshTopics();
  await made(topics, { events: { 'retention.ms': '-1' }, checkpoints: {} });
  const opening = testPublisher({ topics, shards: 2 }).open(0);
  await expect(opening).rejects.toThrow(StartRefused);
  await expect(opening).rejects.toThrow('set its cleanup.policy to compact');
});

test('an events topic whose records expire is taken, and said so once', async () => {
  const topics = freshTopics();
  await made(topics, { events: { 'retention.ms': '3600000' }, checkpoints: { 'cleanup.policy': 'compact' } });
  const logger = createSilentLogger();
  await ensureTopics(testPublisher({ topics, shards: 2 }).client, topics, 2, logger);
  expect(logger.lines.filter(({ level }) => level === 'warn')).toMatchObject([
    { fields: { topic: topics.eventsTopic, 'retention.ms': '3600000' } },
  ]);
});

test('two nodes that create the topics at once both go on', async () => {
  const topics = freshTopics();
  await Promise.all(
    [1, 2, 3].map(() => ensureTopics(testPublisher({ topics, shards: 2 }).client, topics, 2, createSilentLogger())),
  );
});

test('a topic with another number of partitions is refused with its sentence, and no session opens', async () => {
  const topics = freshTopics();
  await ensureTopics(testPublisher({ topics, shards: 3 }).client, topics, 3, createSilentLogger());
  const publisher = testPublisher({ topics, shards: 4 });
  await expect(publisher.open(0)).rejects.toThrow(StartRefused);
  await expect(publisher.open(0)).rejects.toThrow(
    `The Kafka topic ${topics.eventsTopic} has 3 partitions, but this journal has 4 shards: set KAFKA_TOPIC`,
  );
  await expect(publisher.send(0, [], { position: 0, epoch: 1 })).rejects.toThrow('shard 0 is not open');
});

test('shards open at once, each with a session of its own', async () => {
  const topics = freshTopics();
  const publisher = testPublisher({ topics, shards: 8 });
  await Promise.all(Array.from({ length: 8 }, (_, shard) => publisher.open(shard)));
  const checkpoints = Array.from({ length: 8 }, (_, shard) => ({ position: shard + 1, epoch: 1 }));
  await Promise.all(checkpoints.map((checkpoint, shard) => publisher.send(shard, [eventOf(shard)], checkpoint)));
  // Only behind a fence is a transaction complete: the broker answers a commit before it has written the markers.
  await Promise.all(checkpoints.map((_, shard) => publisher.open(shard)));
  expect(await Promise.all(checkpoints.map((_, shard) => publisher.readCheckpoint(shard)))).toEqual(checkpoints);
});

test('a session that was closed while it opened is not left open', async () => {
  const topics = freshTopics();
  const publisher = testPublisher({ topics, shards: 1 });
  const opening = publisher.open(0);
  await publisher.close(0);
  await expect(opening).rejects.toThrow('shard 0 was closed while it opened');
  await expect(publisher.send(0, [eventOf(0)], { position: 1, epoch: 1 })).rejects.toThrow('shard 0 is not open');
});

function eventOf(shard: number) {
  return {
    shard,
    position: 1,
    stream: 'device/acme/pump-1',
    sequence: 1,
    type: 'TelemetryRecorded',
    schemaVersion: 1,
    occurredAt: 1_700_000_000_000,
    recordedAt: 1_700_000_000_000,
    payload: Buffer.from('{}'),
    metadata: Buffer.from('{}'),
  };
}
