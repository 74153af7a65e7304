import { afterEach, describe, expect, test } from '@jest/globals';
import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';

import { StartRefused } from '../../../src/actors/kernel/errors.js';
import { readingWith } from '../../support/memory-journal.js';
import { until } from '../../support/until.js';
import { relayUnderTest, sentPositions, stopRelays, upTo } from './relay-under-test.js';

afterEach(stopRelays);

describe('a shard', () => {
  test('is fenced first, then its checkpoint is read, then it is sent', async () => {
    const under = relayUnderTest();
    await under.append(3);
    const relay = under.start();
    await under.caughtUp(relay);
    await relay.stop();
    expect(under.publisher.calls).toEqual(['open 0', 'checkpoint 0', 'send 0 1-3', 'close 0']);
  });

  test('starts at position 0 when Kafka was off until now and the journal has events', async () => {
    const under = relayUnderTest();
    await under.append(2_500);
    const relay = under.start();
    await under.caughtUp(relay);
    await relay.stop();
    expect(sentPositions(under)).toEqual(upTo(2_500));
  });

  test('goes on after the checkpoint in Kafka, not after its mirror in Postgres', async () => {
    const under = relayUnderTest();
    await under.append(10);
    await under.memory.journal.saveRelayed(0, 3);
    under.publisher.checkpoints.set(0, { position: 7, epoch: 1 });
    const relay = under.start();
    await under.caughtUp(relay);
    await relay.stop();
    expect(sentPositions(under)).toEqual([8, 9, 10]);
  });

  test('names the epoch of the journal in its checkpoint', async () => {
    const under = relayUnderTest();
    under.memory.bumpEpoch(0);
    await under.append(1);
    const relay = under.start();
    await under.caughtUp(relay);
    await relay.stop();
    expect(under.publisher.checkpoints.get(0)).toEqual({ position: 1, epoch: 2 });
  });

  test('sends nothing while it is idle', async () => {
    const under = relayUnderTest();
    const relay = under.start();
    await under.caughtUp(relay);
    await delay(100);
    await relay.stop();
    expect(under.publisher.calls.filter((call) => call.startsWith('send'))).toEqual([]);
  });

  test('collects a trickle: events during the pause of a small transaction make one', async () => {
    const under = relayUnderTest();
    // A clock that stands still gives each pause its full length.
    const relay = under.start({ clock: { now: Date.now, monotonic: () => 0 } });
    await under.caughtUp(relay);
    await under.append(1);
    await until('the first is sent', () => under.publisher.committed.length === 1);
    for (let event = 0; event < 4; event += 1) await under.append(1);
    await under.caughtUp(relay);
    await relay.stop();
    expect(sentPositions(under)).toEqual(upTo(5));
    expect(under.publisher.committed.length).toBeLessThan(5);
  });

  test('sees an event that comes while a transaction is under way', async () => {
    const under = relayUnderTest();
    const relay = under.start();
    await under.caughtUp(relay);
    under.publisher.held = true;
    await under.append(1);
    await until('a transaction is under way', () => under.publisher.calls.includes('send 0 1-1'));
    await under.append(2);
    under.publisher.held = false;
    await under.caughtUp(relay);
    await relay.stop();
    expect(under.publisher.calls.filter((call) => call.startsWith('send'))).toEqual(['send 0 1-1', 'send 0 2-3']);
  });

  test('sees an event that comes while it reads that there is nothing', async () => {
    const under = relayUnderTest();
    const { journal } = under.memory;
    let appended = false;
    const relay = under.start({
      journal: readingWith(journal, async (shard, after, limit) => {
        const events = await journal.readShard(shard, after, limit);
        if (limit > 1 && !appended) {
          appended = true;
          await under.append(1);
        }
        return events;
      }),
    });
    await until('it is sent', () => under.publisher.committed.length === 1);
    await relay.stop();
    expect(sentPositions(under)).toEqual([1]);
  });

  test('does not let an event wait for the mirror in Postgres', async () => {
    const under = relayUnderTest();
    let now = 0;
    // The mirror is due when this clock has gone on by a second, which it does not.
    const relay = under.start({ clock: { now: Date.now, monotonic: () => (now += 0.001) } });
    await under.append(1);
    await under.caughtUp(relay);
    await under.append(1);
    await under.caughtUp(relay);
    await delay(60); // the pace of the second is over, the mirror's second is not
    await under.append(1);
    // Counted in turns, not in time: a timer of a second has no chance to end in so few.
    for (let turn = 0; turn < 50; turn += 1) await immediate();
    expect(sentPositions(under)).toEqual([1, 2, 3]);
    await relay.stop();
  });

  test('mirrors its position in Postgres, at the latest when it stops', async () => {
    const under = relayUnderTest();
    const relay = under.start();
    await under.append(1);
    await under.caughtUp(relay);
    await under.append(4);
    await under.caughtUp(relay);
    await relay.stop();
    expect((await under.memory.journal.heads())[0]?.relayed).toBe(5);
  });

  test('goes on while its mirror is being stored, and stores the last one when it stops', async () => {
    const under = relayUnderTest();
    const { journal } = under.memory;
    let store: () => void = () => undefined;
    const locked = new Promise<void>((resolve) => (store = resolve));
    const relay = under.start({
      journal: {
        ...journal,
        saveRelayed: (shard, position) => locked.then(() => journal.saveRelayed(shard, position)),
      },
    });
    await under.append(1);
    await under.caughtUp(relay);
    await under.append(1);
    await under.caughtUp(relay);
    expect((await journal.heads())[0]?.relayed).toBe(0);
    const stopped = relay.stop();
    store();
    await stopped;
    expect(sentPositions(under)).toEqual([1, 2]);
    expect((await journal.heads())[0]?.relayed).toBe(2);
  });

  test('goes on while its mirror cannot be stored', async () => {
    const under = relayUnderTest();
    const relay = under.start({
      journal: { ...under.memory.journal, saveRelayed: () => Promise.reject(new Error('Postgres is away')) },
    });
    await under.append(1);
    await under.caughtUp(relay);
    await under.append(1);
    await under.caughtUp(relay);
    await relay.stop();
    expect(sentPositions(under)).toEqual([1, 2]);
  });
});

describe('K6 after any error', () => {
  test('the session is thrown away, a new one fences, and the checkpoint tells what was committed', async () => {
    const under = relayUnderTest();
    under.publisher.nextSends.push(new Error('the broker is away'));
    await under.append(3);
    const relay = under.start();
    await under.caughtUp(relay);
    await relay.stop();
    const round = ['open 0', 'checkpoint 0', 'send 0 1-3', 'close 0'];
    expect(under.publisher.calls).toEqual([...round, ...round]);
    expect(sentPositions(under)).toEqual([1, 2, 3]);
  });

  test('a commit whose answer was lost is not sent again', async () => {
    const under = relayUnderTest();
    under.publisher.nextSends.push('lost answer');
    await under.append(3);
    const relay = under.start();
    await under.caughtUp(relay);
    await under.append(1);
    await under.caughtUp(relay);
    await relay.stop();
    expect(sentPositions(under)).toEqual([1, 2, 3, 4]);
  });

  test('a shard that opens but never sends backs off further and further', async () => {
    const under = relayUnderTest();
    under.publisher.nextSends.push(...Array.from({ length: 50 }, () => new Error('too large')));
    await under.append(1);
    const relay = under.start();
    // Halved pauses of 25, 50, 100 … ms: after half a second five tries; with the first pause for ever, twenty.
    await delay(500);
    await relay.stop();
    expect(under.publisher.calls.filter((call) => call.startsWith('send')).length).toBeLessThan(8);
    expect(under.logger.lines.filter(({ message }) => message === 'relay waits')).toHaveLength(1);
  });

  test('the doorbell does not cut a back-off short', async () => {
    const under = relayUnderTest();
    under.publisher.nextOpens.push(...Array.from({ length: 50 }, () => new Error('Kafka is away')));
    const relay = under.start();
    for (let event = 0; event < 50; event += 1) {
      await under.append(1);
      await delay(10);
    }
    await relay.stop();
    expect(under.publisher.calls.filter((call) => call.startsWith('open')).length).toBeLessThan(15);
  });

  test('an error of one shard leaves the others alone', async () => {
    const under = relayUnderTest(4);
    for (let device = 0; device < 20; device += 1) await under.append(1, `pump-${device}`);
    const relay = under.start();
    await under.caughtUp(relay);
    under.publisher.calls.length = 0;
    under.publisher.nextSends.push(new Error('this one only'));
    await under.append(1, 'pump-0');
    await under.caughtUp(relay);
    expect(under.publisher.calls.filter((call) => call.startsWith('close'))).toHaveLength(1);
    await relay.stop();
  });
});

describe('a relay that another node has fenced', () => {
  /** As kafkajs tells it. */
  const fenced = () => Object.assign(new Error('fenced'), { cause: { type: 'INVALID_PRODUCER_EPOCH' } });
  const opens = ({ publisher }: ReturnType<typeof relayUnderTest>) =>
    publisher.calls.filter((call) => call.startsWith('open')).length;
  const fencedRelay = async () => {
    const under = relayUnderTest();
    let passed = 0;
    const clock = { now: Date.now, monotonic: () => performance.now() + passed };
    under.publisher.nextSends.push(fenced());
    await under.append(3);
    const relay = under.start({ clock });
    await until('it is fenced', () => under.meter.values.get('fleetlog_relay_fenced_total') === 1);
    return { ...under, relay, pass: (milliseconds: number) => void (passed += milliseconds) };
  };

  test('F-24 leaves the shard alone while the mirror of the other moves, and is at no fault', async () => {
    const under = await fencedRelay();
    for (const relayed of [1, 2]) {
      await under.memory.journal.saveRelayed(0, relayed);
      await until('it has seen that', () => under.relay.status().shards[0]!.checkpoint === relayed);
      under.pass(60_000);
    }
    await under.memory.journal.saveRelayed(0, 3);
    await until('it has seen that', () => under.relay.status().shards[0]!.checkpoint === 3);
    under.pass(60_000);
    await delay(1_500); // nothing is left to relay: no reason to take over either
    expect(opens(under)).toBe(1);
    expect(under.relay.status()).toMatchObject({ state: 'running', shards: [{ lagEvents: 0 }] });
    await under.relay.stop();
  });

  test('F-24 takes over when the mirror stands still although there is something to relay', async () => {
    const under = await fencedRelay();
    under.pass(60_000);
    await under.caughtUp(under.relay);
    expect(opens(under)).toBe(2);
    expect(sentPositions(under)).toEqual(upTo(3));
    await under.relay.stop();
    expect(under.meter.values.get('fleetlog_relay_records_total')).toBe(3);
  });

  test('F-24 waits longer from one fence to the next, until a transaction of its own is committed', async () => {
    const under = await fencedRelay();
    under.publisher.nextSends.push(fenced());
    under.pass(6_000);
    await until('it is fenced again', () => under.meter.values.get('fleetlog_relay_fenced_total') === 2);
    under.pass(6_000);
    await delay(1_500);
    expect(opens(under)).toBe(2);
    under.pass(6_000);
    await under.caughtUp(under.relay);
    await under.relay.stop();
  });
});

describe('a new topic', () => {
  test('is filled from position 0 whatever an old one holds, and the mirror begins again before the first event', async () => {
    const under = relayUnderTest();
    await under.append(5);
    await under.memory.journal.saveRelayed(0, 5);
    under.publisher.held = true;
    const relay = under.start();
    await until('the first transaction is under way', () => under.publisher.calls.includes('send 0 1-5'));
    expect((await under.memory.journal.heads())[0]?.relayed).toBe(0);
    expect(relay.status().shards[0]).toMatchObject({ checkpoint: 0, lagEvents: 5 });
    under.publisher.held = false;
    await under.caughtUp(relay);
    await relay.stop();
    expect(sentPositions(under)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('refused', () => {
  test('a checkpoint beyond the head ends the start with its sentence, and nothing is sent', async () => {
    const under = relayUnderTest();
    await under.append(3);
    under.publisher.checkpoints.set(0, { position: 9, epoch: 1 });
    const relay = under.start();
    await expect(relay.checked(20_000)).rejects.toThrow(StartRefused);
    await expect(relay.checked(20_000)).rejects.toThrow(
      'Kafka holds events of shard 0 up to position 9, but the journal ends at 3',
    );
    expect(relay.status()).toMatchObject({ state: 'waiting', reason: expect.stringContaining('ends at 3') });
    await relay.stop();
    expect(under.publisher.committed).toEqual([]);
  });

  test('a checkpoint below what was relayed ends the start with its sentence, and nothing is sent', async () => {
    const under = relayUnderTest();
    await under.append(3);
    await under.memory.journal.saveRelayed(0, 2);
    under.publisher.checkpoints.set(0, { position: 1, epoch: 1 });
    const relay = under.start();
    await expect(relay.checked(20_000)).rejects.toThrow(
      'Events of shard 0 were relayed up to position 2, but this Kafka knows of 1 only',
    );
    await relay.stop();
    expect(under.publisher.committed).toEqual([]);
  });

  test('a refused shard fences nobody any more, whatever is journaled', async () => {
    const under = relayUnderTest();
    await under.append(3);
    under.publisher.checkpoints.set(0, { position: 9, epoch: 1 });
    const relay = under.start();
    await expect(relay.checked(20_000)).rejects.toThrow(StartRefused);
    for (let event = 0; event < 20; event += 1) {
      await under.append(1);
      await delay(10);
    }
    await relay.stop();
    expect(under.publisher.calls.filter((call) => call.startsWith('open'))).toEqual(['open 0']);
  });

  test('a break of the positions is never sent', async () => {
    const under = relayUnderTest();
    await under.append(5);
    under.memory.rows[0]!.splice(2, 1);
    const relay = under.start();
    await until('the break shows', () => relay.status().reason === 'position 4 where 3 was due');
    await relay.stop();
    expect(under.publisher.committed).toEqual([]);
  });

  test('what another relay does between fence and check does not look like a loss', async () => {
    const under = relayUnderTest();
    const { publisher } = under;
    const { journal } = under.memory;
    await under.append(3);
    const relay = under.start({
      publisher: {
        ...publisher,
        async readCheckpoint(shard) {
          const checkpoint = await publisher.readCheckpoint(shard);
          await journal.saveRelayed(shard, 3);
          return checkpoint;
        },
      },
    });
    expect(await relay.checked(20_000)).toBe(true);
    await relay.stop();
  });
});

describe('checked', () => {
  test('tells true once every shard has found its place', async () => {
    const under = relayUnderTest(4);
    const relay = under.start();
    expect(await relay.checked(20_000)).toBe(true);
    expect(under.publisher.calls.filter((call) => call.startsWith('checkpoint'))).toHaveLength(4);
    await relay.stop();
  });

  test('tells false while Kafka is away, and the relay goes on when it is back', async () => {
    const under = relayUnderTest();
    under.publisher.nextOpens.push(...Array.from({ length: 4 }, () => new Error('Kafka is away')));
    await under.append(2);
    const relay = under.start();
    expect(await relay.checked(30)).toBe(false);
    await under.caughtUp(relay);
    await relay.stop();
    expect(sentPositions(under)).toEqual([1, 2]);
  });
});

describe('lag', () => {
  test('counts and ages what Kafka lacks while it is away, from the mirror on', async () => {
    const under = relayUnderTest();
    await under.append(5);
    await under.memory.journal.saveRelayed(0, 2);
    under.publisher.nextOpens.push(...Array.from({ length: 50 }, () => new Error('Kafka is away')));
    const recordedAt = under.memory.rows[0]![2]!.recordedAt;
    const relay = under.start({ clock: { now: () => recordedAt + 7_000, monotonic: () => performance.now() } });
    await until('it waits', () => relay.status().reason === 'Kafka is away');
    expect(relay.status()).toEqual({
      name: 'relay',
      state: 'waiting',
      reason: 'Kafka is away',
      shards: [{ shard: 0, checkpoint: 2, lagEvents: 3, lagSeconds: 7, reason: 'Kafka is away' }],
    });
    expect(under.meter.values.get('fleetlog_subscription_lag_events{subscription="relay",shard="0"}')).toBe(3);
    expect(under.meter.values.get('fleetlog_subscription_lag_seconds{subscription="relay",shard="0"}')).toBe(7);
    await relay.stop();
  });

  test('is none when all is in Kafka', async () => {
    const under = relayUnderTest();
    await under.append(5);
    const relay = under.start();
    await under.caughtUp(relay);
    expect(relay.status().shards).toEqual([{ shard: 0, checkpoint: 5, lagEvents: 0, lagSeconds: 0 }]);
    await relay.stop();
  });
});

describe('stop', () => {
  test('waits for the transaction under way', async () => {
    const under = relayUnderTest();
    const relay = under.start();
    await under.caughtUp(relay);
    under.publisher.held = true;
    await under.append(1);
    await until('a transaction is under way', () => under.publisher.calls.includes('send 0 1-1'));
    const stopped = relay.stop();
    under.publisher.held = false;
    await stopped;
    expect(under.publisher.calls.at(-1)).toBe('close 0');
    expect(sentPositions(under)).toEqual([1]);
    expect((await under.memory.journal.heads())[0]?.relayed).toBe(1);
  });

  test('ends in time while a transaction hangs', async () => {
    const under = relayUnderTest();
    const relay = under.start();
    await under.caughtUp(relay);
    under.publisher.held = true;
    await under.append(1);
    await until('a transaction is under way', () => under.publisher.calls.includes('send 0 1-1'));
    await relay.stop();
    expect(under.publisher.calls.at(-1)).toBe('close 0');
    expect(under.publisher.committed).toEqual([]);
  });

  test('ends a back-off, and nothing is tried after it', async () => {
    const under = relayUnderTest();
    under.publisher.nextOpens.push(...Array.from({ length: 50 }, () => new Error('Kafka is away')));
    const relay = under.start();
    await until('it waits', () => relay.status().reason === 'Kafka is away');
    await relay.stop();
    const { length } = under.publisher.calls;
    await under.append(1);
    await delay(150);
    expect(under.publisher.calls).toHaveLength(length);
  });
});
