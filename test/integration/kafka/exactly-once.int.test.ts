import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { startLocalKafka } from '../../../src/transport/kafka/local-broker.js';
import { API, startKafkaProxy, type KafkaProxy } from '../../support/kafka-proxy.js';
import { freshTopics, sharedBroker, stopLater, stopStarted, testPublisher } from '../../support/kafka.js';
import { seededRandom } from '../../support/seeded-random.js';
import { until } from '../../support/until.js';
import { createGrowingJournal, relayOf, untilRelayed, verify, views } from './journal-to-relay.js';

const SHARDS = 3;

let proxy: KafkaProxy;
beforeAll(async () => {
  proxy = await startKafkaProxy(sharedBroker());
});
afterEach(async () => {
  proxy.onRequest = () => 'pass';
  proxy.onAnswer = () => 'pass';
  await stopStarted();
});
afterAll(() => proxy.close());

/** The APIs of a transaction: where a cut hurts. */
const OF_TRANSACTIONS: readonly number[] = [
  API.produce,
  API.initProducerId,
  API.addPartitionsToTransaction,
  API.endTransaction,
];

test('I4 each transaction of a session counts, those of equal size too: Kafka takes no batch for one that it has', async () => {
  const topics = freshTopics();
  const memory = createGrowingJournal(1);
  await memory.grow(10);
  const publisher = testPublisher({ topics, shards: 1 });
  await publisher.open(0);
  for (const [from, to] of [
    [0, 3],
    [3, 6],
    [6, 7],
    [7, 10],
  ] as const)
    await publisher.send(0, memory.rows[0]!.slice(from, to), { position: to, epoch: 1 });
  const { seen, due } = await views(memory, topics.eventsTopic);
  expect(seen).toEqual(due);
});

test('I4 the topic equals the journal while requests and answers are lost at random', async () => {
  const seed = Date.now() % 100_000;
  const random = seededRandom(seed);
  const topics = freshTopics();
  const memory = createGrowingJournal(SHARDS);
  const publisher = testPublisher({ topics, shards: SHARDS, broker: proxy.address });
  const relay = relayOf(memory, publisher);
  await untilRelayed(relay, memory);
  let cuts = 0;
  const maybe = ({ api }: { readonly api: number }): 'pass' | 'cut' => {
    if (!OF_TRANSACTIONS.includes(api) || random() > 0.08) return 'pass';
    cuts += 1;
    return 'cut';
  };
  proxy.onRequest = maybe;
  proxy.onAnswer = maybe;
  for (let round = 0; round < 40; round += 1) {
    await memory.grow(100);
    await delay(20);
  }
  await until('enough was cut', () => cuts > 20);
  proxy.onRequest = () => 'pass';
  proxy.onAnswer = () => 'pass';
  await untilRelayed(relay, memory);
  const { seen, due } = await views(memory, topics.eventsTopic);
  const verification = await verify(publisher, memory);
  expect({ seed, same: seen.length === due.length }).toEqual({ seed, same: true });
  expect(seen).toEqual(due);
  expect(verification).toMatchObject({ records: 4_000, first: null });
});

test('I4 the topic equals the journal while two relays fight over the same shards', async () => {
  const topics = freshTopics();
  const memory = createGrowingJournal(SHARDS);
  const publishers = [1, 2].map(() => testPublisher({ topics, shards: SHARDS }));
  const relays = publishers.map((publisher) => relayOf(memory, publisher));
  for (let round = 0; round < 40; round += 1) {
    await memory.grow(100);
    await delay(20);
  }
  await untilRelayed(relays[0]!, memory);
  for (const relay of relays) expect(relay.status().reason ?? '').not.toMatch(/journal ends at|knows of/);
  await relays[1]!.stop();
  await memory.grow(100);
  await untilRelayed(relays[0]!, memory);
  const { seen, due } = await views(memory, topics.eventsTopic);
  const verification = await verify(publishers[0]!, memory);
  expect(seen).toEqual(due);
  expect(verification).toMatchObject({ records: 4_100, first: null });
});

test('I4 a relay that starts in the middle of the transaction of another takes over exactly', async () => {
  const topics = freshTopics();
  const memory = createGrowingJournal(1);
  await memory.grow(300);
  const [zombie, successor] = [1, 2].map(() => testPublisher({ topics, shards: 1, broker: proxy.address }));
  let inside: Promise<void> | undefined;
  await zombie!.open(0);
  // While the zombie stands before its commit, the successor fences, reads and sends.
  proxy.onRequest = ({ api }) => {
    if (api !== API.endTransaction || inside) return 'pass';
    inside = (async () => {
      await successor!.open(0);
      expect(await successor!.readCheckpoint(0)).toBeUndefined();
      await successor!.send(0, memory.rows[0]!, { position: 300, epoch: 1 });
    })();
    return 'cut';
  };
  await expect(zombie!.send(0, memory.rows[0]!.slice(0, 200), { position: 200, epoch: 1 })).rejects.toThrow();
  await inside;
  proxy.onRequest = () => 'pass';
  await expect(zombie!.send(0, memory.rows[0]!.slice(0, 200), { position: 200, epoch: 1 })).rejects.toThrow();
  const { seen, due } = await views(memory, topics.eventsTopic);
  expect(seen).toEqual(due);
});

test('I4 the topic equals the journal when the broker is killed and comes back, again and again', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-killed-broker-'));
  let broker = await startLocalKafka({ dataDir });
  stopLater({
    async stop() {
      await broker.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  });
  const port = Number(broker.brokers.split(':')[1]);
  const topics = freshTopics();
  const memory = createGrowingJournal(SHARDS);
  const publisher = testPublisher({ topics, shards: SHARDS, broker: broker.brokers });
  const relay = relayOf(memory, publisher);
  for (let kill = 0; kill < 3; kill += 1) {
    await memory.grow(500);
    if (kill === 0) await untilRelayed(relay, memory);
    else await delay(100);
    process.kill(broker.pid, 'SIGKILL');
    await memory.grow(500);
    await until('the relay waits', () => relay.status().state === 'waiting');
    broker = await startLocalKafka({ dataDir, port });
  }
  await untilRelayed(relay, memory);
  const { seen, due } = await views(memory, topics.eventsTopic, broker.brokers);
  expect(seen).toEqual(due);
  expect(await verify(publisher, memory)).toMatchObject({ records: 3_000, first: null });
}, 120_000);
