import { withDeadline } from '../../actors/kernel/deadline.js';
import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import type { RelayCheckpoint } from '../../actors/kernel/ports/publisher.js';
import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import { ByteWriter } from './byte-writer.js';
import { writeCheckpointBatch } from './checkpoint-record.js';
import { writeEventBatch } from './event-batch.js';
import type { KafkaClient } from './kafka-client.js';
import { produce, type Broker, type Cluster } from './kafkajs-internals.js';
import { leaderOf } from './partition-place.js';
import { writeProduceBody, type PartitionBatch } from './produce-request.js';
import { sequenceAfter } from './record-batch.js';
import type { TopicNames } from './topic-settings.js';
import { fence } from './transactions.js';

/** One transactional producer of one shard, from its fence to its first error. */
export interface PublisherSession {
  /** One transaction. After a throw nothing more may be sent through this session. */
  send(events: readonly RecordedEvent[], checkpoint: RelayCheckpoint): Promise<void>;
  close(): Promise<void>;
}

const OPEN_MS = 25_000;
const SEND_MS = 20_000;
const CLOSE_MS = 3_000;

/**
 * Opens a session on connections of its own and fences all earlier ones of this shard.
 *
 * It is exact because it is simple: a Produce request is sent once and never again, so sequences only count up, and whatever
 * goes wrong ends the session. What its last transaction has become, the checkpoint tells after the next fence. (kafkajs' own
 * producer repeats requests and counts its sequences back: K1 to K4, K6.)
 */
export async function openSession(
  client: KafkaClient,
  topics: TopicNames,
  shard: number,
  clock: Pick<Clock, 'now'>,
): Promise<PublisherSession> {
  const ended = new AbortController();
  const { signal } = ended;
  const connected = client.openCluster([topics.eventsTopic, topics.checkpointTopic]);
  const opened = connected.then((cluster) => createSender({ cluster, topics, shard, clock, signal }));
  let underWay: Promise<unknown> = opened;
  let spent = false;

  /** Disconnects, and once more behind work that has outlived its deadline: kafkajs connects again for a request. */
  async function close(): Promise<void> {
    ended.abort();
    const disconnect = (): Promise<void> => connected.then((cluster) => cluster.disconnect());
    await withDeadline(disconnect(), CLOSE_MS, 'closing a session').catch(() => undefined);
    void underWay.then(disconnect, disconnect).catch(() => undefined);
  }

  try {
    await withDeadline(opened, OPEN_MS, 'connecting to Kafka and fencing earlier relays');
  } catch (error) {
    void close();
    throw error;
  }
  const send = await opened;
  return {
    async send(events, checkpoint) {
      if (spent) throw new Error('this session has failed before; only a new one is exact');
      try {
        underWay = send(events, checkpoint);
        await withDeadline(underWay, SEND_MS, 'a Kafka transaction');
      } catch (error) {
        spent = true;
        throw error;
      }
    },
    close,
  };
}

type Send = (events: readonly RecordedEvent[], checkpoint: RelayCheckpoint) => Promise<void>;

/** Fences, and looks up where the two partitions of this shard are led: when that changes, the session ends with an error. */
async function createSender(options: {
  readonly cluster: Cluster;
  readonly topics: TopicNames;
  readonly shard: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly signal: AbortSignal;
}): Promise<Send> {
  const { cluster, shard, clock, signal } = options;
  const { eventsTopic, checkpointTopic } = options.topics;
  const { producer, begin, commit } = await fence(cluster, `fleetlog.${eventsTopic}.${shard}`, signal);
  const eventsLeader = await leaderOf(cluster, { topic: eventsTopic, partition: shard });
  const checkpointLeader = await leaderOf(cluster, { topic: checkpointTopic, partition: shard });
  const partitions = [eventsTopic, checkpointTopic].map((topic) => ({ topic, partitions: [shard] }));
  const request = new ByteWriter();
  let eventSequence = 0;
  let checkpointSequence = 0;

  const sendTo = (leader: Broker, batches: readonly PartitionBatch[]): Promise<void> =>
    produce(leader, request, (out) => writeProduceBody(out, producer, batches));

  return async (events, checkpoint) => {
    const now = clock.now();
    const eventBatch: PartitionBatch = {
      topic: eventsTopic,
      partition: shard,
      writeBatch: (out) => writeEventBatch(out, producer, eventSequence, events, now),
    };
    const checkpointBatch: PartitionBatch = {
      topic: checkpointTopic,
      partition: shard,
      writeBatch: (out) => writeCheckpointBatch(out, producer, checkpointSequence, shard, checkpoint, now),
    };
    await begin(partitions);
    signal.throwIfAborted();
    if (eventsLeader === checkpointLeader) await sendTo(eventsLeader, [eventBatch, checkpointBatch]);
    else {
      await sendTo(eventsLeader, [eventBatch]);
      signal.throwIfAborted();
      await sendTo(checkpointLeader, [checkpointBatch]);
    }
    eventSequence = sequenceAfter(eventSequence, events.length);
    checkpointSequence = sequenceAfter(checkpointSequence, 1);
    signal.throwIfAborted();
    await commit();
  };
}
