import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as nact from 'nact';
import { dispatchTo, spawnActor, startActorSystem, stopActor } from '../../../../src/actors/kernel/actor-system.js';
import { createSupervision } from '../../../../src/actors/kernel/supervision.js';
import { createSilentLogger } from '../../../support/fake-ports.js';
import { createMemoryJournal } from '../../../support/memory-journal.js';
import { add, counterAsk, origin, startCounters } from './counter-entity.js';

// One test per trap of nact 7.6.2 (docs/explanation, `libraries.md` §1), by its number.
const STREAM = 'counter/default/c1';
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function turns(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await turn();
}
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

test('N1 SEC-141 a crash with 100 asks waiting answers all of them, prints nothing, and the next ask finds a new actor', async () => {
  const printed = [
    jest.spyOn(console, 'log').mockImplementation(() => undefined),
    jest.spyOn(console, 'error').mockImplementation(() => undefined),
  ];
  const memory = createMemoryJournal();
  const logger = createSilentLogger();
  let failing = true;
  // The handler catches all faults of commands and ports; only a fault in its own last resort, the logger, gets out.
  const breaking = {
    ...logger,
    child: () => ({
      ...logger,
      error() {
        if (failing) throw new Error('the logger is broken');
      },
    }),
  };
  const { directory } = startCounters({ memory, logger: breaking });
  cleanUps.push(() => directory.stop(50));
  memory.faults.nextAppends.push('error');
  const asks = Array.from({ length: 100 }, (_, index) => counterAsk(add(index)));
  for (const ask of asks) directory.enqueue(STREAM, ask);
  const outcomes = await Promise.all(asks.map((ask) => ask.outcome));
  expect(outcomes).toEqual(asks.map(() => ({ kind: 'failed', code: 'ACTOR_FAILED' })));
  expect(asks.every((ask) => ask.settled.length === 1)).toBe(true);
  failing = false;
  expect(await directory.request(STREAM, add(1), origin)).toMatchObject({
    kind: 'accepted',
    recorded: { sequence: 1 },
  });
  for (const spy of printed) expect(spy).not.toHaveBeenCalled();
});

test('N2 an ask after the actor has ended reaches a new one instead of vanishing', async () => {
  const { directory } = startCounters({ limits: { passivateAfterMs: 1 } });
  cleanUps.push(() => directory.stop(50));
  for (let round = 1; round <= 3; round += 1) {
    expect(await directory.request(STREAM, add(round), origin)).toMatchObject({ recorded: { sequence: round } });
    while (directory.load().active > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
});

test('N3 a child never bears the name of an earlier one, so a stop of the old one leaves the new one running', async () => {
  const supervision = createSupervision({ name: 'test', prefix: 'd' });
  cleanUps.push(() => supervision.stop());
  const received: string[] = [];
  const first = supervision.spawn<string>(
    () => undefined,
    () => undefined,
  );
  first.stop();
  const second = supervision.spawn<string>(
    (message) => void received.push(message),
    () => undefined,
  );
  first.stop();
  stopActor(first.ref);
  dispatchTo(first.ref, 'to the old one');
  dispatchTo(second.ref, 'to the new one');
  await turns(3);
  expect(received).toEqual(['to the new one']);
});

test('N4 streams with characters that nact refuses in names get their actors', async () => {
  const { directory } = startCounters();
  cleanUps.push(() => directory.stop(50));
  for (const stream of [
    'device/default/a:b',
    'device/default/..x',
    'device/ä/%20 ?',
    `device/default/${'x'.repeat(128)}`,
  ]) {
    expect((await directory.request(stream, add(1), origin)).kind).toBe('accepted');
  }
});

test('N5 no parent has more than 100 children, however many actors there are, and places are used again', () => {
  const supervision = createSupervision({ name: 'test', prefix: 'd' });
  cleanUps.push(() => supervision.stop());
  const children = Array.from({ length: 1000 }, () =>
    supervision.spawn(
      () => undefined,
      () => undefined,
    ),
  );
  expect(supervision.guardians).toBe(10);
  for (const child of children.slice(0, 500)) child.stop();
  for (let index = 0; index < 500; index += 1)
    supervision.spawn(
      () => undefined,
      () => undefined,
    );
  expect(supervision.guardians).toBe(10);
});

test('N6 a throw in the crash handler, or in a stopped actor, ends nothing but that actor', async () => {
  const unhandled = jest.fn();
  process.on('unhandledRejection', unhandled);
  cleanUps.push(() => process.off('unhandledRejection', unhandled));
  const system = startActorSystem('n6');
  cleanUps.push(() => stopActor(system));
  const crash = (): never => {
    throw new Error('crash');
  };
  const crashing = spawnActor(system, 'c1', crash, crash);
  dispatchTo(crashing, 'go');
  const stopped = spawnActor(
    system,
    'c2',
    () => {
      stopActor(stopped);
      throw new Error('after its stop');
    },
    crash,
  );
  dispatchTo(stopped, 'go');
  const received: unknown[] = [];
  const other = spawnActor(system, 'c3', (message) => void received.push(message), crash);
  await turns(3);
  dispatchTo(other, 'still there');
  await turns(3);
  expect(received).toEqual(['still there']);
  expect(unhandled).not.toHaveBeenCalled();
});

test('of the actors due in a turn, one that was stopped does nothing, one that throws holds up nobody, each ends a message before its next', async () => {
  const system = startActorSystem('due');
  cleanUps.push(() => stopActor(system));
  const seen: string[] = [];
  const crashed = jest.fn();
  const note = (name: string) =>
    spawnActor<string>(
      system,
      name,
      async (message) => {
        seen.push(`${name} begins ${message}`);
        if (message === 'fail') throw new Error('told to');
        await turn();
        seen.push(`${name} ends ${message}`);
      },
      crashed,
    );
  const [stopped, failing, working] = [note('a'), note('b'), note('c')];
  dispatchTo(stopped, 'first');
  dispatchTo(failing, 'fail');
  for (const message of ['first', 'second']) dispatchTo(working, message);
  expect(seen).toEqual([]);
  stopActor(stopped);
  await turns(6);
  expect(seen).toEqual([
    'b begins fail',
    ...['first', 'second'].flatMap((message) => [`c begins ${message}`, `c ends ${message}`]),
  ]);
  expect(crashed).toHaveBeenCalledTimes(1);
});

test('N7 a request is answered by callback with a deadline of its own, without nact’s query', async () => {
  const { memory, directory } = startCounters();
  cleanUps.push(() => directory.stop(50));
  memory.faults.stalled = true;
  const late = directory.request(STREAM, add(1), origin, { timeoutMs: 20 });
  expect(await late).toEqual({ kind: 'failed', code: 'TIMEOUT' });
  memory.faults.stalled = false;
  // The handler goes on; whether it had decided before the deadline is up to the machine.
  expect(await directory.query(STREAM, (state) => state.total)).toBe(memory.stream(STREAM).length);
});

test('N8 an ask that comes while its entity is being passivated is not lost', async () => {
  const { memory, directory } = startCounters({ limits: { passivateAfterMs: 1 } });
  cleanUps.push(() => directory.stop(50));
  let writing: (() => void) | undefined;
  const save = memory.snapshots.save.bind(memory.snapshots);
  Object.assign(memory.snapshots, {
    save: async (snapshot: Parameters<typeof save>[0]) => {
      await new Promise<void>((resolve) => (writing = resolve));
      await save(snapshot);
    },
  });
  await directory.request(STREAM, add(1), origin);
  while (writing === undefined) await new Promise((resolve) => setTimeout(resolve, 2));
  const during = directory.request(STREAM, add(2), origin);
  writing();
  expect(await during).toMatchObject({ kind: 'accepted', recorded: { sequence: 2 } });
  writing();
});

describe('N9 the state', () => {
  test('N9 a handler that gives back nothing keeps its actor’s state', async () => {
    const system = startActorSystem('n9');
    cleanUps.push(() => stopActor(system));
    const counts: number[] = [];
    let count = 0;
    const actor = spawnActor<string>(
      system,
      'c1',
      () => {
        count += 1;
        counts.push(count);
      },
      () => undefined,
    );
    for (let index = 0; index < 3; index += 1) dispatchTo(actor, 'go');
    await turns(8);
    expect(counts).toEqual([1, 2, 3]);
  });

  test('N9 an entity is recovered before its first decision, not handed over as a promise', async () => {
    const memory = createMemoryJournal();
    const earlier = startCounters({ memory });
    await earlier.directory.request(STREAM, add(41), origin);
    await earlier.directory.stop();
    const { directory } = startCounters({ memory });
    cleanUps.push(() => directory.stop(50));
    await directory.request(STREAM, add(1), origin);
    expect(await directory.query(STREAM, (state) => state.total)).toBe(42);
  });
});

test('N10 a system bears the name it was given, and faults go to our logger', () => {
  const system = startActorSystem('fleetlog-n10');
  cleanUps.push(() => stopActor(system));
  expect(JSON.stringify(system.reference)).toContain('fleetlog-n10');
  const plain = nact.start('ignored');
  cleanUps.push(() => nact.stop(plain));
  expect(JSON.stringify(plain)).not.toContain('ignored');
});

test('N11 the compiler tells apart which actor takes which messages', () => {
  const system = startActorSystem('n11');
  cleanUps.push(() => stopActor(system));
  const numbers = spawnActor<number>(
    system,
    'c1',
    () => undefined,
    () => undefined,
  );
  // @ts-expect-error: a text for an actor of numbers. Checked by `tsc -p test`, which `npm run check` runs.
  dispatchTo<string>(numbers, 'text');
  dispatchTo(numbers, 1);
});

test('N12 an actor that has had its turn keeps nothing alive of what ran after it', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const system = startActorSystem('n12');
  cleanUps.push(() => stopActor(system));
  let ran = 0;
  const actor = spawnActor<'go'>(
    system,
    'c1',
    () => void (ran += 1),
    () => undefined,
  );
  const runAfterActor = (): WeakRef<object> => {
    const socket = {};
    dispatchTo(actor, 'go');
    setImmediate<[object]>(() => undefined, socket);
    return new WeakRef(socket);
  };
  const held = runAfterActor();
  await turns(4);
  collectGarbage();
  expect(held.deref()).toBeUndefined();
  expect(ran).toBe(1);
});
