import { afterEach, describe, expect, test } from '@jest/globals';
import { createMemoryJournal } from '../../../support/memory-journal.js';
import { add, counterAsk, origin, startCounters } from './counter-entity.js';

const STREAM = 'counter/default/c1';
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const stops: (() => Promise<void>)[] = [];
function start(...parameters: Parameters<typeof startCounters>): ReturnType<typeof startCounters> {
  const started = startCounters(...parameters);
  stops.push(() => started.directory.stop(50));
  return started;
}
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

describe('a batch', () => {
  test('what waits together is appended together and answered in order with its place', async () => {
    const { memory, directory } = start();
    const order: number[] = [];
    const asks = range(20).map((n) => counterAsk(add(n), { settle: () => void order.push(n) }));
    for (const ask of asks) expect(directory.enqueue(STREAM, ask)).toBe(true);
    const outcomes = await Promise.all(asks.map((ask) => ask.outcome));
    expect(memory.appends).toHaveLength(1);
    expect(order).toEqual(range(20));
    outcomes.forEach((outcome, index) => {
      expect(outcome).toMatchObject({
        kind: 'accepted',
        recorded: { sequence: index + 1, position: index + 1, count: 1 },
      });
    });
  });

  test('nothing is answered before its append is committed', async () => {
    const { memory, directory } = start();
    memory.faults.stalled = true;
    const ask = counterAsk(add(1));
    directory.enqueue(STREAM, ask);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(memory.appends).toHaveLength(1);
    expect(ask.settled).toEqual([]);
    memory.faults.stalled = false;
    expect((await ask.outcome).kind).toBe('accepted');
  });

  test('an append carries at most 500 events and what is left goes into the next', async () => {
    const { memory, directory } = start();
    const asks = range(300).map(() => counterAsk({ type: 'AddEach', amounts: [1, 1, 1] }));
    for (const ask of asks) directory.enqueue(STREAM, ask);
    await Promise.all(asks.map((ask) => ask.outcome));
    expect(memory.appends.every((append) => append.events.length <= 502)).toBe(true);
    expect(memory.appends.length).toBe(2);
    expect(await directory.query(STREAM, (state) => state.total)).toBe(900);
  });

  test('accepted without events, refused without and with events are told apart', async () => {
    const { directory } = start();
    expect(await directory.request(STREAM, { type: 'Nothing' }, origin)).toEqual({ kind: 'accepted' });
    const plain = await directory.request(STREAM, { type: 'Refuse', journaled: false }, origin);
    expect(plain).toEqual({ kind: 'rejected', rejection: { code: 'PAYLOAD_INVALID', detail: 'no' } });
    const journaled = await directory.request(STREAM, { type: 'Refuse', journaled: true }, origin);
    expect(journaled).toMatchObject({ kind: 'rejected', recorded: { sequence: 1, count: 1 } });
  });

  test('a root event correlates with itself, others keep what they were given, the hash stands last', async () => {
    const { memory, directory } = start();
    await directory.request(STREAM, add(1), origin);
    await directory.request(STREAM, add(2), origin, { correlationId: 'a', causationId: 'b' });
    const texts = memory.stream(STREAM).map((event) => event.metadata.toString());
    expect(texts[0]).toMatch(
      /^\{"tenant":"default","principal":"device\/d1","correlationId":"counter\/default\/c1:1","hash":"[\w-]{43}"\}$/,
    );
    expect(JSON.parse(texts[1]!)).toMatchObject({ correlationId: 'a', causationId: 'b' });
  });
});

describe('a lost append', () => {
  test.each(['conflict', 'fence'] as const)(
    '%s: state is forgotten, recovered and the batch decided again',
    async (fault) => {
      const { memory, directory } = start();
      await directory.request(STREAM, add(1), origin);
      memory.faults.nextAppends.push(fault);
      expect(await directory.request(STREAM, add(2), origin)).toMatchObject({
        kind: 'accepted',
        recorded: { sequence: 2 },
      });
      expect(await directory.query(STREAM, (state) => state.amounts.join())).toBe('1,2');
    },
  );

  test('after three further decisions the batch is given back', async () => {
    const { memory, directory } = start();
    memory.faults.nextAppends.push('conflict', 'conflict', 'conflict', 'conflict');
    expect(await directory.request(STREAM, add(1), origin)).toEqual({ kind: 'failed', code: 'JOURNAL_UNAVAILABLE' });
    expect(memory.appends).toHaveLength(4);
    expect(await directory.request(STREAM, add(2), origin)).toMatchObject({
      kind: 'accepted',
      recorded: { sequence: 1 },
    });
  });

  test('a writer elsewhere: the loser takes its events in and goes on after them', async () => {
    const memory = createMemoryJournal();
    const here = start({ memory });
    const there = start({ memory });
    await here.directory.request(STREAM, add(1), origin);
    await there.directory.request(STREAM, add(2), origin);
    await here.directory.request(STREAM, add(3), origin);
    expect(await here.directory.query(STREAM, (state) => state.amounts.join())).toBe('1,2,3');
  });

  test('what another node has added is read before something is told, and before something is refused', async () => {
    const memory = createMemoryJournal();
    const here = start({ memory });
    const there = start({ memory: { ...memory, journal: memory.ofAnotherNode } });
    await here.directory.request(STREAM, add(1), origin);
    await there.directory.request(STREAM, add(2), origin);
    expect(await here.directory.query(STREAM, (state) => state.total)).toBe(3);
    await there.directory.request(STREAM, add(4), origin);
    expect((await here.directory.request(STREAM, { type: 'Take', amount: 7 }, origin)).kind).toBe('accepted');
    const reads = memory.reading.all;
    expect(await here.directory.query(STREAM, (state) => state.amounts.join())).toBe('1,2,4,-7');
    expect((await here.directory.request(STREAM, { type: 'Take', amount: 1 }, origin)).kind).toBe('rejected');
    expect(memory.reading.all).toBe(reads);
  });

  test('what does not follow on what was known is told as a journal that does not verify', async () => {
    const memory = createMemoryJournal();
    const here = start({ memory });
    const there = start({ memory: { ...memory, journal: memory.ofAnotherNode } });
    await here.directory.request(STREAM, add(1), origin);
    await there.directory.request(STREAM, add(2), origin);
    const second = memory.stream(STREAM)[1]!;
    Object.assign(second, { payload: Buffer.from('{"amount":3}') });
    await expect(here.directory.query(STREAM, (state) => state.total)).rejects.toMatchObject({
      code: 'JOURNAL_CORRUPT',
    });
  });

  test('a bumped epoch fences an actor that recovered under the old one', async () => {
    const { memory, directory } = start();
    await directory.request(STREAM, add(1), origin);
    memory.bumpEpoch(memory.journal.shardOf(STREAM));
    expect((await directory.request(STREAM, add(2), origin)).kind).toBe('accepted');
    expect(memory.appends).toHaveLength(3);
  });

  test('a journal that refuses or breaks: the asks fail, the state is not what was refused', async () => {
    const { memory, directory } = start();
    memory.faults.nextAppends.push('unavailable', 'error');
    expect(await directory.request(STREAM, add(1), origin)).toEqual({ kind: 'failed', code: 'JOURNAL_UNAVAILABLE' });
    expect(await directory.request(STREAM, add(2), origin)).toEqual({ kind: 'failed', code: 'ACTOR_FAILED' });
    expect(await directory.query(STREAM, (state, sequence) => [state.total, sequence])).toEqual([0, 0]);
  });
});

describe('bugs and late askers', () => {
  test('a command that throws fails alone, before and behind it all goes on', async () => {
    const { memory, directory } = start();
    const commands = [add(1), { type: 'ThrowInDecide' }, add(2), { type: 'ThrowInEvolve' }, add(3)] as const;
    const asks = commands.map((command) => counterAsk(command));
    for (const ask of asks) directory.enqueue(STREAM, ask);
    const outcomes = await Promise.all(asks.map((ask) => ask.outcome));
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['accepted', 'failed', 'accepted', 'failed', 'accepted']);
    expect(outcomes[3]).toEqual({ kind: 'failed', code: 'ACTOR_FAILED' });
    // One append: the half changed state was dropped at once, not only when the journal refused its sequence.
    expect(memory.appends).toHaveLength(1);
    expect(await directory.query(STREAM, (state) => state.amounts.join())).toBe('1,2,3');
  });

  test('an asker that throws at its outcome does not cost the others theirs', async () => {
    const { directory } = start();
    const first = counterAsk(add(1), {
      settle() {
        throw new Error('a bug of the asker');
      },
    });
    const second = counterAsk(add(2));
    directory.enqueue(STREAM, first);
    directory.enqueue(STREAM, second);
    expect((await second.outcome).kind).toBe('accepted');
  });

  test('an abandoned ask that is not yet decided is passed over', async () => {
    const { memory, directory } = start();
    memory.faults.stalled = true;
    directory.enqueue(STREAM, counterAsk(add(1)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const late = counterAsk(add(2));
    directory.enqueue(STREAM, late);
    late.abandoned = true;
    memory.faults.stalled = false;
    expect(await late.outcome).toEqual({ kind: 'failed', code: 'TIMEOUT' });
    expect(await directory.query(STREAM, (state) => state.amounts.join())).toBe('1');
  });

  test('a request that timed out within its append tells what became of it', async () => {
    const { memory, directory } = start();
    memory.faults.stalled = true;
    const late: string[] = [];
    const options = { timeoutMs: 20, late: ({ kind }: { readonly kind: string }) => void late.push(kind) };
    expect(await directory.request(STREAM, add(1), origin, options)).toEqual({ kind: 'failed', code: 'TIMEOUT' });
    expect(late).toEqual([]);
    memory.faults.stalled = false;
    expect(await directory.query(STREAM, (state) => state.total)).toBe(1);
    expect(late).toEqual(['accepted']);
  });

  test('a request that times out answers TIMEOUT and leaves its place', async () => {
    const { memory, directory } = start();
    memory.faults.stalled = true;
    const first = directory.request(STREAM, add(1), origin);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await directory.request(STREAM, add(2), origin, { timeoutMs: 10 })).toEqual({
      kind: 'failed',
      code: 'TIMEOUT',
    });
    memory.faults.stalled = false;
    expect((await first).kind).toBe('accepted');
    expect(await directory.query(STREAM, (state) => state.amounts.join())).toBe('1');
  });
});
