import type { Producer } from 'kafkajs';
import { withDeadline } from '../../actors/kernel/deadline.js';
import type { RecordedEvent, RelayCheckpoint } from '../../actors/kernel/ports.js';
import { toCheckpointRecord } from './checkpoint-record.js';
import { toEventRecord } from './event-record.js';
import { RETRY, type KafkaClient } from './kafka-client.js';
import type { TopicNames } from './topics.js';

/** One transactional producer of one shard, from its fence to its first error. */
export interface PublisherSession {
  /** One transaction. After a throw nothing more may be sent through this session. */
  send(events: readonly RecordedEvent[], checkpoint: RelayCheckpoint): Promise<void>;
  close(): Promise<void>;
}

/** An open transaction holds back read_committed readers no longer than this. */
const TRANSACTION_MS = 15_000;
const OPEN_MS = 25_000;
const SEND_MS = 20_000;
const CLOSE_MS = 3_000;

/**
 * Opens a session and fences all earlier ones of this shard: `connect` fences nothing, `transaction()` sends InitProducerId,
 * which answers only when the previous transaction is complete; aborting the empty one sends nothing.
 */
export async function openSession(client: KafkaClient, topics: TopicNames, shard: number): Promise<PublisherSession> {
  const producer = client.kafka.producer({
    transactionalId: `fleetlog.${topics.eventsTopic}.${shard}`,
    transactionTimeout: TRANSACTION_MS,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    retry: RETRY,
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? shard,
  });
  let underWay = connectAndFence(producer);
  try {
    await withDeadline(underWay, OPEN_MS, 'connecting to Kafka and fencing earlier relays');
  } catch (error) {
    void endProducer(producer, underWay);
    throw error;
  }
  let spent = false;
  return {
    async send(events, checkpoint) {
      if (spent) throw new Error('this session has failed before; only a new one is exact');
      try {
        underWay = sendTransaction(producer, topics, shard, events, checkpoint);
        await withDeadline(underWay, SEND_MS, 'a Kafka transaction');
      } catch (error) {
        // K1, K2, K6: after an error kafkajs' sequence numbers are wrong, so this producer never sends again.
        spent = true;
        throw error;
      }
    },
    close: () => endProducer(producer, underWay),
  };
}

async function connectAndFence(producer: Producer): Promise<void> {
  await producer.connect();
  await (await producer.transaction()).abort();
}

async function sendTransaction(
  producer: Producer,
  { eventsTopic, checkpointTopic }: TopicNames,
  shard: number,
  events: readonly RecordedEvent[],
  checkpoint: RelayCheckpoint,
): Promise<void> {
  const transaction = await producer.transaction();
  // One send at a time, each to one partition: retried sends overtake each other, and several partitions lose (K3, K4).
  await transaction.send({ topic: eventsTopic, acks: -1, messages: events.map(toEventRecord) });
  await transaction.send({ topic: checkpointTopic, acks: -1, messages: [toCheckpointRecord(shard, checkpoint)] });
  await transaction.commit();
}

/**
 * Disconnects, and once more behind work that has outlived its deadline: kafkajs' retries connect again. They can no longer
 * publish anything that counts, the next session fences them.
 */
async function endProducer(producer: Producer, underWay: Promise<void>): Promise<void> {
  await disconnect(producer);
  void underWay.catch(() => undefined).then(() => disconnect(producer));
}

/** Within bounds: a broker that is away must not hold up the next session. */
async function disconnect(producer: Producer): Promise<void> {
  await withDeadline(producer.disconnect(), CLOSE_MS, 'closing a producer').catch(() => undefined);
}
