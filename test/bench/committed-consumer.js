// A consumer in a process of its own, as any application would be: reads the events topic with read_committed from its end on, and
// checks that each position of each shard comes once and in order. Forked by `relay.bench.js`: { brokers, topic }. Says
// { type: 'ready' }; on { type: 'stop', upTo } reads on up to those positions and says its result.
import kafkajs from 'kafkajs';
import { build } from 'hdr-histogram-js';

/** `auto.commit.interval.ms` of Kafka's own consumer. */
const COMMIT_MS = 5_000;

const { brokers, topic } = await new Promise((resolve) => process.once('message', resolve));
const kafka = new kafkajs.Kafka({ clientId: 'bench', brokers, logLevel: kafkajs.logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: `bench-${process.pid}`, minBytes: 1, maxWaitTimeInMs: 500 });
const latency = build({ lowestDiscernibleValue: 1, highestTrackableValue: 600_000, numberOfSignificantValueDigits: 3 });
const positions = new Map();
/** Next offset of each partition. */
const offsets = new Map();
let records = 0;
let faults = 0;
let measuring = false;

await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  // kafkajs would commit its offsets after each batch and wait for that, one partition after the other: hundreds of writes in
  // Kafka per second, and half of the latency. Kafka's own consumer does it in the background, every five seconds.
  autoCommit: false,
  eachBatch: ({ batch }) => {
    offsets.set(batch.partition, String(BigInt(batch.lastOffset()) + 1n));
    const now = Date.now();
    for (const { headers } of batch.messages) {
      const shard = Number(headers.shard);
      const position = Number(headers.position);
      if (position !== (positions.get(shard) ?? 0) + 1) faults++;
      positions.set(shard, position);
      if (!measuring) continue;
      records++;
      // Both clocks are of this machine; a millisecond is as fine as the journal's is.
      latency.recordValue(Math.max(1, now - Number(headers.recorded_at)));
    }
    return Promise.resolve();
  },
});
await new Promise((resolve) => consumer.on(consumer.events.FETCH, resolve));
const committing = setInterval(() => {
  void consumer.commitOffsets([...offsets].map(([partition, offset]) => ({ topic, partition, offset })));
}, COMMIT_MS);
process.send({ type: 'ready' });

process.on('message', ({ type, upTo }) => {
  if (type === 'measure') measuring = true;
  else if (type === 'pause') measuring = false;
  else void finish(upTo);
});

async function finish(upTo) {
  const behind = () => Object.entries(upTo).some(([shard, position]) => (positions.get(Number(shard)) ?? 0) < position);
  for (let waits = 0; behind() && waits < 600; waits++) await new Promise((resolve) => setTimeout(resolve, 50));
  const of = (percentile) => latency.getValueAtPercentile(percentile);
  process.send({
    type: 'result',
    records,
    faults,
    complete: !behind(),
    latencyMs: { p50: of(50), p90: of(90), p99: of(99), p999: of(99.9), max: latency.maxValue },
  });
  clearInterval(committing);
  await consumer.disconnect();
  process.disconnect();
}
