import { afterEach, describe, expect, test } from '@jest/globals';
import type { FleetlogError } from '../../../../src/actors/kernel/errors.js';
import { createFixedClock } from '../../../support/fake-ports.js';
import { createMemoryJournal } from '../../../support/memory-journal.js';
import { add, counterAsk, origin, startCounters } from './counter-entity.js';

const STREAM = 'counter/default/c1';
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(2);
}
const codeOf = (error: unknown): string => (error as FleetlogError).code;
const stops: (() => Promise<void>)[] = [];
function start(...parameters: Parameters<typeof startCounters>): ReturnType<typeof startCounters> {
  const started = startCounters(...parameters);
  stops.push(() => started.directory.stop(50));
  return started;
}
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

describe('bounds', () => {
  test('a full inbox takes nothing more, in count or in bytes, and has room again afterwards', async () => {
    const { memory, directory } = start({ limits: { inbox: { count: 10, bytes: 1000 } } });
    memory.faults.stalled = true;
    directory.enqueue(STREAM, counterAsk(add(0)));
    await until(() => memory.appends.length === 1);
    const taken = Array.from({ length: 11 }, () => directory.enqueue(STREAM, counterAsk(add(1))));
    expect(taken).toEqual([...new Array<boolean>(10).fill(true), false]);
    expect(directory.enqueue('counter/default/c2', counterAsk(add(1), { bytes: 5000 }))).toBe(true);
    expect(directory.enqueue('counter/default/c2', counterAsk(add(1), { bytes: 1 }))).toBe(false);
    expect(await directory.request(STREAM, add(1), origin)).toEqual({ kind: 'failed', code: 'BUSY' });
    await expect(directory.query(STREAM, () => 0)).rejects.toMatchObject({ code: 'BUSY' });
    memory.faults.stalled = false;
    await until(() => memory.stream(STREAM).length === 11);
    expect(directory.enqueue(STREAM, counterAsk(add(1)))).toBe(true);
  });

  test('no more entities recover at once than the limit allows, and all get their turn', async () => {
    const { memory, directory } = start({ limits: { concurrentRecoveries: 4 } });
    const requests = Array.from({ length: 60 }, (_, index) =>
      directory.request(`counter/default/c${index}`, add(1), origin),
    );
    for (const outcome of await Promise.all(requests)) expect(outcome.kind).toBe('accepted');
    expect(memory.reading.most).toBe(4);
  });
});

describe('queries and errands', () => {
  test('a query sees what was asked before it and nothing that was asked after', async () => {
    const { directory } = start();
    directory.enqueue(STREAM, counterAsk(add(1)));
    const between = directory.query(STREAM, (state, sequence) => [state.total, sequence]);
    directory.enqueue(STREAM, counterAsk(add(1)));
    expect(await between).toEqual([1, 1]);
  });

  test('a query has a deadline', async () => {
    const { memory, directory } = start({ limits: { errandTimeoutMs: 20 } });
    memory.faults.stalled = true;
    directory.enqueue(STREAM, counterAsk(add(1)));
    await expect(directory.query(STREAM, () => 0)).rejects.toMatchObject({ code: 'TIMEOUT' });
    memory.faults.stalled = false;
  });
});

describe('recovery', () => {
  test('a journal that cannot be read fails the asks, and after a pause they succeed', async () => {
    const clock = createFixedClock();
    const { memory, directory } = start({ clock });
    memory.faults.readsFail = true;
    expect(await directory.request(STREAM, add(1), origin)).toEqual({ kind: 'failed', code: 'JOURNAL_UNAVAILABLE' });
    memory.faults.readsFail = false;
    // Still backing off: nothing is read.
    await expect(directory.query(STREAM, () => 0).catch(codeOf)).resolves.toBe('JOURNAL_UNAVAILABLE');
    clock.advance(1_000);
    expect((await directory.request(STREAM, add(1), origin)).kind).toBe('accepted');
  });

  test('F-36 a changed event quarantines its stream, others go on', async () => {
    const memory = createMemoryJournal({ shards: 1 });
    const earlier = start({ memory });
    for (const stream of [STREAM, 'counter/default/c2']) {
      for (let index = 0; index < 3; index += 1) await earlier.directory.request(stream, add(1), origin);
    }
    const tampered = memory.stream(STREAM)[1]!;
    Object.assign(tampered, { payload: Buffer.from('{"amount":1000}') });
    const { directory, logger } = start({ memory });
    expect(await directory.request(STREAM, add(1), origin)).toEqual({ kind: 'failed', code: 'JOURNAL_CORRUPT' });
    expect(logger.lines.find((line) => line.level === 'error')?.fields).toMatchObject({ code: 'JOURNAL_CORRUPT' });
    expect((await directory.request('counter/default/c2', add(1), origin)).kind).toBe('accepted');
  });
});

describe('snapshots and passivation', () => {
  test('an idle entity leaves memory with a snapshot and comes back from it', async () => {
    const { memory, directory, meter } = start({ limits: { passivateAfterMs: 1 } });
    await directory.request(STREAM, { type: 'AddEach', amounts: [1, 2, 3] }, origin);
    await until(() => directory.load().active === 0);
    expect(memory.storedSnapshots.get(STREAM)).toMatchObject({ sequence: 3, schemaVersion: 1 });
    expect(await directory.query(STREAM, (state, sequence) => [state.total, sequence])).toEqual([6, 3]);
    expect(meter.values.get('fleetlog_actors_active{kind="counter"}')).toBeDefined();
    expect(meter.values.get('fleetlog_actor_recovery_seconds{kind="counter"}')).toBe(2);
  });

  test('a snapshot is written each so many events, and only the events after it are folded again', async () => {
    const memory = createMemoryJournal();
    const earlier = start({ memory, limits: { snapshotEvery: 10 } });
    for (let index = 0; index < 25; index += 1) await earlier.directory.request(STREAM, add(1), origin);
    await until(() => (memory.storedSnapshots.get(STREAM)?.sequence ?? 0) > 15);
    const { directory } = start({ memory });
    expect(await directory.query(STREAM, (state, sequence) => [state.total, sequence])).toEqual([25, 25]);
  });

  test('streams that grow in step write their snapshots at different times', async () => {
    const memory = createMemoryJournal();
    const { directory } = start({ memory, limits: { snapshotEvery: 50 } });
    const streams = Array.from({ length: 20 }, (_, index) => `counter/t1/c${index}`);
    for (let index = 0; index < 50; index += 1)
      await Promise.all(streams.map((stream) => directory.request(stream, add(1), origin)));
    await until(() => memory.storedSnapshots.size === streams.length);
    const sequences = streams.map((stream) => memory.storedSnapshots.get(stream)!.sequence);
    expect(new Set(sequences).size).toBeGreaterThan(10);
  });

  test('a snapshot that cannot be written is only logged', async () => {
    const { memory, directory, logger } = start({ limits: { snapshotEvery: 1 } });
    memory.faults.snapshotsFail = true;
    expect((await directory.request(STREAM, add(1), origin)).kind).toBe('accepted');
    await until(() => logger.lines.some((line) => line.message === 'snapshot not saved'));
    expect((await directory.request(STREAM, add(1), origin)).kind).toBe('accepted');
  });

  const spoilt: [string, (text: string) => string, number][] = [
    ['of another version', (text) => text.replace('"total":3', '"total":99'), 2],
    ['that is cut', (text) => text.slice(0, 20), 1],
    ['of another history', (text) => text.replace('"total":3', '"total":4').replace(/"link":".{4}/, '"link":"AAAA'), 1],
  ];
  test.each(spoilt)(
    'F-36 a snapshot %s is passed over and the state rebuilt from the events',
    async (_name, spoil, version) => {
      const memory = createMemoryJournal();
      const earlier = start({ memory, limits: { snapshotEvery: 1 } });
      await earlier.directory.request(STREAM, { type: 'AddEach', amounts: [1, 2] }, origin);
      await until(() => memory.storedSnapshots.has(STREAM));
      const stored = memory.storedSnapshots.get(STREAM)!;
      const state = Buffer.from(spoil(stored.state.toString()));
      memory.storedSnapshots.set(STREAM, { ...stored, state, schemaVersion: version });
      const { directory } = start({ memory });
      expect(await directory.query(STREAM, (current, sequence) => [current.total, sequence])).toEqual([3, 2]);
    },
  );
});

describe('QoS 2 ids', () => {
  const DEVICE = 'device/default/d1';

  test('I7 an id is taken once until it is released, also by another node and after recovery', async () => {
    const memory = createMemoryJournal();
    const first = start({ memory });
    const send = (started: typeof first): Promise<unknown> => {
      const ask = counterAsk(add(1), { incomingId: 7 });
      started.directory.enqueue(DEVICE, ask);
      return ask.outcome;
    };
    expect(await send(first)).toMatchObject({ kind: 'accepted', recorded: { sequence: 1 } });
    expect(await send(first)).toEqual({ kind: 'accepted' });
    const second = start({ memory });
    expect(await send(second)).toEqual({ kind: 'accepted' });
    expect(await second.directory.hasIncoming(DEVICE, 7)).toBe(true);
    await second.directory.releaseIncoming(DEVICE, [7]);
    expect(await second.directory.hasIncoming(DEVICE, 7)).toBe(false);
    expect(await send(second)).toMatchObject({ recorded: { sequence: 2 } });
    await second.directory.releaseIncoming(DEVICE);
    expect(await second.directory.hasIncoming(DEVICE, 7)).toBe(false);
  });

  test('I7 the id travels in the append of its events, a refusal that is journaled included', async () => {
    const { memory, directory } = start();
    const asks = [
      counterAsk(add(1), { incomingId: 1 }),
      counterAsk({ type: 'Refuse', journaled: true }, { incomingId: 2 }),
      counterAsk({ type: 'Nothing' }, { incomingId: 3 }),
      counterAsk(add(1), { incomingId: 1 }),
    ];
    for (const ask of asks) directory.enqueue(DEVICE, ask);
    await Promise.all(asks.map((ask) => ask.outcome));
    expect(memory.appends).toHaveLength(1);
    const owner = { tenant: 'default', device: 'd1' };
    expect(memory.appends[0]!.incomingIds).toEqual([
      { ...owner, messageId: 1 },
      { ...owner, messageId: 2 },
    ]);
    expect(memory.appends[0]!.events).toHaveLength(2);
  });

  test('I7 an append that was lost to the same id on another node is not decided twice', async () => {
    const memory = createMemoryJournal();
    const [here, there] = [start({ memory }), start({ memory })];
    await here.directory.hasIncoming(DEVICE, 9);
    await there.directory.hasIncoming(DEVICE, 9);
    const asks = [here, there].map((started) => {
      const ask = counterAsk(add(1), { incomingId: 9 });
      started.directory.enqueue(DEVICE, ask);
      return ask;
    });
    await Promise.all(asks.map((ask) => ask.outcome));
    expect(memory.stream(DEVICE)).toHaveLength(1);
  });
});

describe('stopping', () => {
  test('what waits is decided and journaled in order, what comes later is refused behind it', async () => {
    const { memory, directory } = start();
    memory.faults.stalled = true;
    const order: string[] = [];
    const ask = (name: string) =>
      counterAsk(add(1), { settle: (outcome) => void order.push(`${name} ${outcome.kind}`) });
    directory.enqueue(STREAM, ask('first'));
    await until(() => memory.appends.length === 1);
    directory.enqueue(STREAM, ask('second'));
    const stopped = directory.stop();
    expect(directory.enqueue(STREAM, ask('late'))).toBe(true);
    const elsewhere = counterAsk(add(1));
    directory.enqueue('counter/default/other', elsewhere);
    expect(elsewhere.settled).toEqual([]);
    memory.faults.stalled = false;
    await stopped;
    expect(order).toEqual(['first accepted', 'second accepted', 'late failed']);
    expect(await elsewhere.outcome).toEqual({ kind: 'failed', code: 'SHUTTING_DOWN' });
    await expect(directory.query(STREAM, () => 0)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(memory.stream(STREAM)).toHaveLength(2);
  });

  test('a journal that is away does not hold up the stop, and nobody is told what is not known', async () => {
    const { memory, directory } = start();
    memory.faults.stalled = true;
    const underWay = counterAsk(add(1));
    directory.enqueue(STREAM, underWay);
    await until(() => memory.appends.length === 1);
    const waiting = counterAsk(add(1));
    directory.enqueue(STREAM, waiting);
    await directory.stop(20);
    expect([underWay.settled, waiting.settled]).toEqual([[], []]);
    memory.faults.stalled = false;
    expect(await underWay.outcome).toMatchObject({ kind: 'accepted' });
    expect(await waiting.outcome).toEqual({ kind: 'failed', code: 'SHUTTING_DOWN' });
  });
});
