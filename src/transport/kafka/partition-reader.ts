import { READ_COMMITTED, withoutAborted, type Cluster, type FetchedRecord } from './kafkajs-internals.js';
import { leaderOf, type PartitionPlace } from './partition-place.js';

const FETCH_BYTES = 1 << 20;
const FETCH_WAIT_MS = 200;
/** Empty answers below the last stable offset that are repeated before one offset is stepped over. */
const EMPTY_ANSWERS = 2;

/** First and next offset of a partition, as a read_committed reader sees them. */
export async function partitionBounds(
  cluster: Cluster,
  { topic, partition }: PartitionPlace,
): Promise<{ earliest: bigint; lastStable: bigint }> {
  const offset = async (fromBeginning: boolean): Promise<bigint> => {
    const [answer] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning }]);
    return BigInt(answer?.partitions[0]?.offset ?? 0);
  };
  return { earliest: await offset(true), lastStable: await offset(false) };
}

/**
 * Reads `[from, to)` of one partition with read_committed and no consumer group, one fetch at a time: committed records only,
 * in order. An empty answer below the end is never the end: throttling gives one, and so does a batch that compaction has
 * emptied.
 */
export async function* readCommitted(
  cluster: Cluster,
  place: PartitionPlace,
  from: bigint,
  to: bigint,
): AsyncGenerator<readonly FetchedRecord[]> {
  let offset = from;
  for (let empty = 0; offset < to;) {
    const { messages, abortedTransactions } = await fetchOnce(cluster, place, offset);
    const last = messages.at(-1);
    if (last === undefined || BigInt(last.offset) < offset) {
      if (++empty > EMPTY_ANSWERS) {
        offset += 1n;
        empty = 0;
      }
      continue;
    }
    empty = 0;
    const start = offset;
    yield withoutAborted({ messages, abortedTransactions }).filter(
      (record) => !record.isControlRecord && BigInt(record.offset) >= start && BigInt(record.offset) < to,
    );
    offset = BigInt(last.offset) + 1n;
  }
}

/** Whether a partition holds, or has ever held, a committed record. */
export async function holdsRecords(cluster: Cluster, place: PartitionPlace): Promise<boolean> {
  const { earliest, lastStable } = await partitionBounds(cluster, place);
  if (earliest > 0n) return true;
  for await (const records of readCommitted(cluster, place, earliest, lastStable)) if (records.length > 0) return true;
  return false;
}

async function fetchOnce(
  cluster: Cluster,
  place: PartitionPlace,
  offset: bigint,
): Promise<Pick<Fetched, 'messages' | 'abortedTransactions'>> {
  const { topic, partition } = place;
  const broker = await leaderOf(cluster, place);
  const { responses } = await broker.fetch({
    isolationLevel: READ_COMMITTED,
    maxWaitTime: FETCH_WAIT_MS,
    minBytes: 1,
    maxBytes: FETCH_BYTES,
    topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes: FETCH_BYTES }] }],
  });
  return responses[0]?.partitions[0] ?? { messages: [], abortedTransactions: [] };
}

type Fetched = Awaited<
  ReturnType<Awaited<ReturnType<Cluster['findBroker']>>['fetch']>
>['responses'][number]['partitions'][number];
