import { afterEach, expect, test } from '@jest/globals';
import type { ReadShard, RecordedEvent, Subscriber } from '../../../../src/actors/kernel/ports/journal.js';
import { createPassedPositions } from '../../../../src/actors/kernel/passed-positions.js';
import { startSubscription, type SubscriptionOptions } from '../../../../src/actors/kernel/subscription.js';
import { createFixedClock, createMemoryMeter, createSilentLogger } from '../../../support/fake-ports.js';
import { createMemoryJournal, readingWith, type MemoryJournal } from '../../../support/memory-journal.js';

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(2);
}
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Appends one event to a stream of its own. */
async function append(memory: MemoryJournal, stream: string): Promise<void> {
  const shard = memory.journal.shardOf(stream);
  await memory.journal.append({
    stream,
    epoch: memory.journal.epochOf(shard),
    firstSequence: memory.stream(stream).length + 1,
    events: [{ type: 'T', schemaVersion: 1, occurredAt: 0, payload: Buffer.from('{}'), metadata: Buffer.from('{}') }],
  });
}

/** A subscriber with a checkpoint per shard, that fails as often as it is told to. */
function createSubscriber(): Subscriber & {
  seen: number[][];
  checkpoints: number[];
  failures: Map<number, number>;
  asked: number;
} {
  const subscriber = {
    name: 'test',
    seen: [[], [], [], []] as number[][],
    checkpoints: [0, 0, 0, 0],
    failures: new Map<number, number>(),
    asked: 0,
    checkpoint(shard: number) {
      subscriber.asked += 1;
      return Promise.resolve(subscriber.checkpoints[shard]!);
    },
    handle(shard: number, events: readonly RecordedEvent[]) {
      const failures = subscriber.failures.get(shard) ?? 0;
      if (failures > 0) {
        subscriber.failures.set(shard, failures - 1);
        throw new Error('the sink is away');
      }
      subscriber.seen[shard]!.push(...events.map((event) => event.position));
      subscriber.checkpoints[shard] = events.at(-1)!.position;
    },
  };
  return subscriber;
}

function start(memory: MemoryJournal, subscriber: Subscriber, more: Partial<SubscriptionOptions> = {}) {
  const meter = createMemoryMeter();
  const logger = createSilentLogger();
  const clock = createFixedClock();
  const options = { subscriber, journal: memory.journal, clock, logger, meter, ...more };
  const subscription = startSubscription(options);
  stops.push(() => subscription.stop());
  return { subscription, meter, clock, logger };
}

test('every event of every shard is handed over once and in order, those before the start and those after', async () => {
  const memory = createMemoryJournal();
  for (let index = 0; index < 40; index += 1) await append(memory, `s/${index % 7}`);
  const subscriber = createSubscriber();
  const { subscription, meter } = start(memory, subscriber, { batchEvents: 3 });
  for (let index = 0; index < 40; index += 1) await append(memory, `s/${index % 7}`);
  await until(() => subscriber.seen.flat().length === 80);
  memory.rows.forEach((rows, shard) => expect(subscriber.seen[shard]).toEqual(rows.map((row) => row.position)));
  await until(() => subscription.status().state === 'running');
  expect(meter.values.get('fleetlog_subscription_lag_events{subscription="test",shard="0"}')).toBe(0);
  expect(subscription.checkpoint(0)).toBe(memory.journal.headOf(0));
});

test('after a failure the checkpoint is asked again and the batch comes again; other shards are not held up', async () => {
  const memory = createMemoryJournal({ shards: 2 });
  const subscriber = createSubscriber();
  subscriber.failures.set(0, 2);
  const { subscription, logger } = start(memory, subscriber);
  for (let index = 0; index < 20; index += 1) await append(memory, `s/${index}`);
  await until(() => subscriber.seen[1]!.length === memory.rows[1]!.length);
  expect(subscriber.seen[0]).toEqual([]);
  expect(subscription.status()).toMatchObject({ state: 'waiting', reason: 'INTERNAL: the subscriber failed' });
  await until(() => subscriber.seen[0]!.length === memory.rows[0]!.length);
  expect(subscriber.seen[0]).toEqual(memory.rows[0]!.map((row) => row.position));
  expect(subscriber.asked).toBe(4);
  expect(logger.lines.filter((line) => line.level === 'warn')).toHaveLength(2);
});

test('a journal that cannot be read is waited for', async () => {
  const memory = createMemoryJournal({ shards: 1 });
  await append(memory, 's/1');
  memory.faults.readsFail = true;
  const subscriber = createSubscriber();
  const { subscription } = start(memory, subscriber);
  await until(() => subscription.status().state === 'waiting');
  expect(subscription.status().reason).toContain('JOURNAL_UNAVAILABLE');
  memory.faults.readsFail = false;
  await until(() => subscriber.seen[0]!.length === 1);
});

test('from head: only what is committed from now on, a failed batch again, no checkpoint asked', async () => {
  const memory = createMemoryJournal({ shards: 1 });
  for (let index = 0; index < 5; index += 1) await append(memory, 's/1');
  const subscriber = createSubscriber();
  subscriber.failures.set(0, 1);
  start(memory, subscriber, { from: 'head' });
  await append(memory, 's/1');
  await append(memory, 's/1');
  await until(() => subscriber.seen[0]!.length === 2);
  expect(subscriber.seen[0]).toEqual([6, 7]);
  expect(subscriber.asked).toBe(0);
});

test('a commit between the last read and the wait is not slept through', async () => {
  const memory = createMemoryJournal({ shards: 1 });
  let reads = 0;
  const readShard: ReadShard = async (shard, after, limit) => {
    reads += 1;
    const events = await memory.journal.readShard(shard, after, limit);
    if (reads === 1) await append(memory, 's/1');
    return events;
  };
  const subscriber = createSubscriber();
  start(memory, subscriber, { journal: readingWith(memory.journal, readShard) });
  await until(() => subscriber.seen[0]!.length === 1);
});

test('the journal is told what is ignored, and reading goes on after the last event that it gives', async () => {
  const memory = createMemoryJournal({ shards: 1 });
  for (let index = 0; index < 10; index += 1) await append(memory, 's/1');
  const asked: (readonly string[] | undefined)[] = [];
  const readShard: ReadShard = (shard, after, limit, ignored) => {
    asked.push(ignored);
    return memory.rows[shard]!.slice(after, after + limit).filter(({ position }) => position % 5 === 0);
  };
  const subscriber = createSubscriber();
  const journal = readingWith(memory.journal, readShard);
  const { subscription } = start(memory, subscriber, { journal, batchEvents: 5, ignores: ['Ignored'] });
  await until(() => subscription.status().state === 'running');
  expect(subscriber.seen[0]).toEqual([5, 10]);
  expect(asked.slice(0, 2)).toEqual([['Ignored'], ['Ignored']]);
});

test('the lag counts the events that are not handled and the age of the oldest', async () => {
  const clock = createFixedClock();
  const memory = createMemoryJournal({ shards: 1, now: () => clock.now() });
  let release: (() => void) | undefined;
  const stuck: Subscriber = {
    name: 'stuck',
    checkpoint: () => Promise.resolve(0),
    handle: () => (release === undefined ? new Promise<void>((resolve) => (release = resolve)) : undefined),
  };
  const { subscription } = start(memory, stuck, { clock });
  await append(memory, 's/1');
  await append(memory, 's/1');
  await until(() => release !== undefined);
  clock.advance(3_000);
  expect(subscription.status()).toMatchObject({ state: 'catching-up', shards: [{ lagEvents: 2, lagSeconds: 3 }] });
  release!();
  await until(() => subscription.status().state === 'running');
  expect(subscription.status().shards).toEqual([{ shard: 0, checkpoint: 2, lagEvents: 0, lagSeconds: 0 }]);
});

test('stop waits for the batch under way and hands over nothing after it', async () => {
  const memory = createMemoryJournal({ shards: 1 });
  await append(memory, 's/1');
  let release: (() => void) | undefined;
  let batches = 0;
  const slow: Subscriber = {
    name: 'slow',
    checkpoint: () => Promise.resolve(0),
    handle: () => {
      batches += 1;
      return new Promise<void>((resolve) => (release = resolve));
    },
  };
  const { subscription } = start(memory, slow, { batchEvents: 1 });
  await until(() => release !== undefined);
  await append(memory, 's/1');
  let stopped = false;
  const stopping = subscription.stop().then(() => (stopped = true));
  await pause(10);
  expect(stopped).toBe(false);
  release!();
  await stopping;
  expect(batches).toBe(1);
});

test('events that are committed one by one are handed over together, and at once when somebody waits for them', async () => {
  const memory = createMemoryJournal({ shards: 1 });
  const batches: number[] = [];
  const passed = createPassedPositions();
  start(memory, {
    name: 'gathering',
    checkpoint: () => Promise.resolve(0),
    handle(shard, events) {
      batches.push(events.length);
      passed.pass(shard, events.at(-1)!.position);
    },
    untilAwaited: (shard) => passed.untilAwaited(shard, 300),
  });
  await append(memory, 's/0');
  await until(() => batches.length === 1);
  for (let index = 0; index < 5; index += 1) {
    await append(memory, 's/0');
    await pause(1);
  }
  expect(batches).toEqual([1]);
  await passed.wait(0, 6, 5_000);
  expect(batches).toEqual([1, 5]);
});
