import { expect, test } from '@jest/globals';

import { freshTopics, testPublisher } from '../../support/kafka.js';
import { createGrowingJournal, relayOf, untilRelayed, verify } from './journal-to-relay.js';

const SHARDS = 2;

test('naming new topics fills them from position 0 with all that an old one holds, once', async () => {
  const memory = createGrowingJournal(SHARDS);
  await memory.grow(200);
  for (const topics of [freshTopics(), freshTopics()]) {
    const publisher = testPublisher({ topics, shards: SHARDS });
    for (let start = 0; start < 2; start += 1) {
      const relay = relayOf(memory, publisher);
      expect(await relay.checked(20_000)).toBe(true);
      await untilRelayed(relay, memory);
      await relay.stop();
    }
    expect(await verify(publisher, memory)).toMatchObject({ records: 200, first: null });
    await publisher.stop();
  }
});

test('a topic that holds events is refused without its checkpoints: all of them would come twice', async () => {
  const memory = createGrowingJournal(SHARDS);
  await memory.grow(50);
  const topics = freshTopics();
  const first = testPublisher({ topics, shards: SHARDS });
  const relay = relayOf(memory, first);
  await untilRelayed(relay, memory);
  await relay.stop();

  const publisher = testPublisher({ topics: { ...freshTopics(), eventsTopic: topics.eventsTopic }, shards: SHARDS });
  const refused = relayOf(createGrowingJournal(SHARDS), publisher);
  await expect(refused.checked(20_000)).rejects.toThrow('set KAFKA_CHECKPOINT_TOPIC to the topic that belongs to it');
  await refused.stop();
  expect(await verify(first, memory)).toMatchObject({ records: 50, first: null });
  await Promise.all([first.stop(), publisher.stop()]);
});
