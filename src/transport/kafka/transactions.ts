import { setTimeout as sleep } from 'node:timers/promises';
import { OF_TRANSACTIONS, type Cluster } from './kafkajs-internals.js';
import type { ProducerIdentity } from './record-batch.js';

/** A topic and the partitions of it that a transaction writes to. */
export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** The transactions of one transactional id at its coordinator, from the fence on. */
export interface Transactions {
  readonly producer: ProducerIdentity;
  /** Begins a transaction on these partitions: before anything is sent to them. */
  readonly begin: (partitions: readonly TopicPartitions[]) => Promise<void>;
  readonly commit: () => Promise<void>;
}

/** An open transaction holds back read_committed readers no longer than this. */
const TRANSACTION_MS = 15_000;
/** The coordinator still writes the markers of the last transaction, or loads: nothing was done, so ask again (K11). */
const BUSY = ['CONCURRENT_TRANSACTIONS', 'GROUP_LOAD_IN_PROGRESS'];
/** Another broker coordinates, or none does yet: a new Kafka makes its topic of transactions when the first is asked for. */
const MOVED = ['NOT_COORDINATOR_FOR_GROUP', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'KafkaJSGroupCoordinatorNotFound'];
const FIRST_PAUSE_MS = 1;
const LAST_PAUSE_MS = 32;

/**
 * Fences all earlier sessions of this transactional id: InitProducerId ends their open transaction, and answers only when that
 * is done.
 * @param signal aborted: nobody waits any more, so nothing is asked again
 */
export async function fence(cluster: Cluster, transactionalId: string, signal: AbortSignal): Promise<Transactions> {
  const search = { groupId: transactionalId, coordinatorType: OF_TRANSACTIONS };
  const { coordinator, producerId, producerEpoch } = await patiently(signal, [...BUSY, ...MOVED], async () => {
    const coordinator = await cluster.findGroupCoordinator(search);
    return {
      coordinator,
      ...(await coordinator.initProducerId({ transactionalId, transactionTimeout: TRANSACTION_MS })),
    };
  });
  const names = { transactionalId, producerId, producerEpoch };
  return {
    producer: { transactionalId, producerId: BigInt(producerId), producerEpoch },
    begin: async (topics) => {
      await patiently(signal, BUSY, () => coordinator.addPartitionsToTxn({ ...names, topics }));
    },
    commit: async () => {
      await coordinator.endTxn({ ...names, transactionResult: true });
    },
  };
}

/** Asks until the answer is no longer "wait". Only for requests that have done nothing when they get that answer. */
async function patiently<T>(signal: AbortSignal, again: readonly string[], ask: () => Promise<T>): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
    try {
      return await ask();
    } catch (error) {
      const { type, name } = error as { type?: string; name?: string };
      if (!again.includes(type ?? name ?? '')) throw error;
    }
    await sleep(pauseMs, undefined, { signal });
  }
}
