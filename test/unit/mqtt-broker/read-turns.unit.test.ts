import { expect, test } from '@jest/globals';
import { createReadTurns, type ReadTurns, type TurnTaker } from '../../../src/transport/mqtt/read-turns.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A connection whose socket holds `chunks` reads of `publishes` each; tells `order` of each. */
function connection(turns: ReadTurns, name: string, order: string[], chunks: number, publishes: number): TurnTaker {
  let left = chunks;
  const self: TurnTaker = {
    takeTurn() {
      while (left > 0 && turns.admits(self)) {
        left -= 1;
        order.push(name);
        for (let count = 0; count < publishes; count += 1) turns.spend();
      }
    },
  };
  return self;
}

test('a turn takes what it may, and no more', async () => {
  const turns = createReadTurns(10);
  const order: string[] = [];
  connection(turns, 'a', order, 5, 5).takeTurn();
  expect(order).toHaveLength(2);
  await nextTurn();
  expect(order).toHaveLength(4);
  await nextTurn();
  await nextTurn();
  expect(order).toHaveLength(5);
});

test('connections read in the order in which they came, and nobody overtakes who waits', async () => {
  const turns = createReadTurns(10);
  const order: string[] = [];
  for (const name of ['a', 'b', 'c']) connection(turns, name, order, 3, 10).takeTurn();
  expect(order).toEqual(['a']);
  connection(turns, 'd', order, 1, 10).takeTurn();
  for (let turn = 0; turn < 12; turn += 1) await nextTurn();
  expect(order).toEqual(['a', 'a', 'b', 'c', 'd', 'a', 'b', 'c', 'b', 'c']);
});

test('a turn that is not used up is not saved up', async () => {
  const turns = createReadTurns(10);
  turns.spend();
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  const order: string[] = [];
  connection(turns, 'a', order, 5, 5).takeTurn();
  expect(order).toHaveLength(2);
});
