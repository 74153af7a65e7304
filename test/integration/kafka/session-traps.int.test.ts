import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';

import type { KafkaPublisher } from '../../../src/transport/kafka/event-publisher.js';
import type { TopicNames } from '../../../src/transport/kafka/topic-settings.js';
import {
  API,
  producedPartitions,
  startKafkaProxy,
  type KafkaProxy,
  type ProxiedRequest,
} from '../../support/kafka-proxy.js';
import { dumpByKcat, freshTopics, sharedBroker, stopStarted, testPublisher } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { createGrowingJournal, relayOf, untilRelayed, verify, views } from './journal-to-relay.js';

let proxy: KafkaProxy;
let topics: TopicNames;
let publisher: KafkaPublisher;

beforeAll(async () => {
  proxy = await startKafkaProxy(sharedBroker());
});
beforeEach(() => {
  topics = freshTopics();
  publisher = testPublisher({ topics, shards: 1, broker: proxy.address });
});
afterEach(async () => {
  proxy.onRequest = () => 'pass';
  proxy.onAnswer = () => 'pass';
  proxy.down = false;
  await stopStarted();
});
afterAll(() => proxy.close());

const isProduceTo = (request: ProxiedRequest, topic: string): boolean =>
  request.api === API.produce && producedPartitions(request).some((place) => place.topic === topic);

/** A journal of one shard with `count` events, and a session that has committed the first ten of them. */
async function tenCommitted(count: number) {
  const memory = createGrowingJournal(1);
  await memory.grow(count);
  await publisher.open(0);
  const send = (from: number, to: number) =>
    publisher.send(0, memory.rows[0]!.slice(from - 1, to), { position: to, epoch: 1 });
  await send(1, 10);
  return { memory, send };
}

test('K1 a session whose send has failed never sends again, and the next one goes on exactly', async () => {
  const { memory, send } = await tenCommitted(30);
  proxy.onAnswer = (request) => (isProduceTo(request, topics.eventsTopic) ? 'cut' : 'pass');
  await expect(send(11, 20)).rejects.toThrow();
  proxy.onAnswer = () => 'pass';
  await expect(send(11, 25)).rejects.toThrow('this session has failed before');

  await publisher.open(0);
  expect(await publisher.readCheckpoint(0)).toEqual({ position: 10, epoch: 1 });
  await send(11, 30);
  const { seen, due } = await views(memory, topics.eventsTopic);
  expect(seen).toEqual(due);
});

test('K2 what an aborted transaction has sent is sent again by a new session, and read once', async () => {
  const { memory, send } = await tenCommitted(30);
  for (let round = 0; round < 3; round += 1) {
    proxy.onRequest = (request) => (isProduceTo(request, topics.checkpointTopic) ? 'cut' : 'pass');
    await expect(send(11, 20 + round)).rejects.toThrow();
    proxy.onRequest = () => 'pass';
    await publisher.open(0);
    expect(await publisher.readCheckpoint(0)).toEqual({ position: 10, epoch: 1 });
  }
  await send(11, 30);
  const { seen, due } = await views(memory, topics.eventsTopic);
  expect(seen).toEqual(due);
});

test('K3 a shard never has two sends under way, K4 and none has two batches for one topic', async () => {
  const shards = 4;
  const memory = createGrowingJournal(shards);
  const several = testPublisher({ topics, shards, broker: proxy.address });
  const underWay = new Map<number, number>();
  let most = 0;
  const places: string[] = [];
  proxy.onRequest = (request) => {
    if (request.api !== API.produce) return 'pass';
    const now = (underWay.get(request.connection) ?? 0) + 1;
    underWay.set(request.connection, now);
    most = Math.max(most, now);
    places.push(
      producedPartitions(request)
        .map(({ topic }) => topic)
        .join(' '),
    );
    return 'pass';
  };
  proxy.onAnswer = (request) => {
    if (request.api === API.produce) underWay.set(request.connection, underWay.get(request.connection)! - 1);
    return 'pass';
  };
  const relay = relayOf(memory, several);
  for (let round = 0; round < 10; round += 1) await memory.grow(200);
  await untilRelayed(relay, memory);
  expect(underWay.size).toBe(shards);
  expect(most).toBe(1);
  expect([...new Set(places)]).toHaveLength(1);
  expect(places[0]!.split(' ')).toHaveLength(2);
});

test('K5 connections that are idle set no timers', async () => {
  await tenCommitted(10);
  await delay(50);
  const timers = jest.spyOn(globalThis, 'setTimeout');
  await delay(300);
  expect(timers.mock.calls).toEqual([]);
  timers.mockRestore();
});

test('K6 a commit whose answer is lost counts, one that never arrived does not', async () => {
  const { memory, send } = await tenCommitted(40);
  proxy.onAnswer = ({ api }) => (api === API.endTransaction ? 'cut' : 'pass');
  await expect(send(11, 20)).rejects.toThrow();
  proxy.onAnswer = () => 'pass';
  await publisher.open(0);
  expect(await publisher.readCheckpoint(0)).toEqual({ position: 20, epoch: 1 });

  proxy.onRequest = ({ api }) => (api === API.endTransaction ? 'cut' : 'pass');
  await expect(send(21, 30)).rejects.toThrow();
  proxy.onRequest = () => 'pass';
  await publisher.open(0);
  expect(await publisher.readCheckpoint(0)).toEqual({ position: 20, epoch: 1 });
  await send(21, 40);
  const { seen, due } = await views(memory, topics.eventsTopic);
  expect(seen).toEqual(due);
});

test('K7 an outage that outlives the retries of kafkajs ends with its end', async () => {
  const memory = createGrowingJournal(1);
  const relay = relayOf(memory, publisher);
  await memory.grow(10);
  await untilRelayed(relay, memory);
  proxy.down = true;
  await memory.grow(10);
  await until('the relay waits', () => relay.status().state === 'waiting');
  await until('it has opened in vain again and again', () => proxy.refused > 30);
  proxy.down = false;
  await untilRelayed(relay, memory);
  const verification = await verify(publisher, memory);
  expect(verification).toMatchObject({ records: 20, first: null });
});

test('K8 a request that failed is never sent again, under NODE_ENV=test neither, where kafkajs retries more', async () => {
  expect(process.env.NODE_ENV).toBe('test');
  const { send } = await tenCommitted(20);
  let tries = 0;
  proxy.onRequest = (request) => {
    if (!isProduceTo(request, topics.eventsTopic)) return 'pass';
    tries += 1;
    return 'cut';
  };
  await expect(send(11, 20)).rejects.toThrow();
  expect(tries).toBe(1);
});

test('K9 the largest batch of the relay fits into one request', async () => {
  const memory = createGrowingJournal(1);
  await memory.grow(1_500);
  const padding = ' '.repeat(2_000);
  for (const [index, event] of memory.rows[0]!.entries()) {
    memory.rows[0]![index] = { ...event, payload: Buffer.concat([event.payload, Buffer.from(padding)]) };
  }
  const relay = relayOf(memory, publisher);
  await untilRelayed(relay, memory);
  const verification = await verify(publisher, memory);
  expect(verification).toMatchObject({ records: 1_500, first: null });
});

test('K10 keys are names of streams and shards, never the bytes that kafkajs takes for an abort', async () => {
  await tenCommitted(10);
  for (const { key } of await dumpByKcat(topics.eventsTopic)) expect(key).toMatch(/^device\/acme\/pump-\d$/);
  for (const { key } of await dumpByKcat(topics.checkpointTopic)) expect(key).toBe('shard-0');
});

test('K11 quick transactions meet CONCURRENT_TRANSACTIONS, are tried again and none is lost', async () => {
  const CONCURRENT_TRANSACTIONS = 51;
  const { memory, send } = await tenCommitted(400);
  let refused = 0;
  proxy.onAnswer = ({ api }, answer) => {
    // Its answer ends with the error code of the last partition; this one is the same for all.
    if (api === API.addPartitionsToTransaction && answer.readInt16BE(answer.length - 2) === CONCURRENT_TRANSACTIONS)
      refused += 1;
    return 'pass';
  };
  let position = 10;
  for (; position < 60 || (refused === 0 && position < 390); position += 1) await send(position + 1, position + 1);
  expect(refused).toBeGreaterThan(0);
  await send(position + 1, 400);
  const { seen, due } = await views(memory, topics.eventsTopic);
  expect(seen).toEqual(due);
});

test('K12 the checkpoint is the last committed one of the topic, behind aborted ones as well, and no group holds any', async () => {
  const { send } = await tenCommitted(40);
  for (let round = 0; round < 12; round += 1) {
    proxy.onRequest = ({ api }) => (api === API.endTransaction ? 'cut' : 'pass');
    await expect(send(11, 12 + round)).rejects.toThrow();
    proxy.onRequest = () => 'pass';
    await publisher.open(0);
    expect(await publisher.readCheckpoint(0)).toEqual({ position: 10, epoch: 1 });
  }
  const admin = publisher.client.kafka.admin();
  await admin.connect();
  const { groups } = await admin.listGroups();
  await admin.disconnect();
  expect(groups.filter(({ groupId }) => groupId.includes('fleetlog'))).toEqual([]);
});

test('REL-04 a Kafka that takes everything and answers nothing is noticed within 30 s, and replaced', async () => {
  const memory = createGrowingJournal(1);
  const relay = relayOf(memory, publisher);
  await memory.grow(10);
  await untilRelayed(relay, memory);
  let silent: number | undefined;
  proxy.onRequest = ({ connection, api }) => {
    if (api === API.produce) silent ??= connection;
    return connection === silent ? 'swallow' : 'pass';
  };
  await memory.grow(10);
  await until('it is noticed', () => relay.status().state === 'waiting');
  await untilRelayed(relay, memory);
  const verification = await verify(publisher, memory);
  expect(verification).toMatchObject({ records: 20, first: null });
}, 60_000);

test('a closed session leaves no connection behind, after a failure neither', async () => {
  const { send } = await tenCommitted(20);
  proxy.onAnswer = (request) => (isProduceTo(request, topics.eventsTopic) ? 'cut' : 'pass');
  await expect(send(11, 20)).rejects.toThrow();
  await publisher.close(0);
  await until('all connections are closed', () => proxy.connections === 0);
  expect(proxy.connections).toBe(0);
});
