import { expect, test } from '@jest/globals';

import { createPacer } from '../../../src/actors/relay/pacer.js';

/** Lets shards run small transactions of `tookMs` each over a second; answers how many, and the longest time between two of one. */
function aSecondOf(shards: number, events: number, tookMs: number): { transactions: number; longestMs: number } {
  const pacer = createPacer();
  const due = Array.from({ length: shards }, () => 0);
  let transactions = 0;
  let longestMs = 0;
  for (;;) {
    const shard = due.indexOf(Math.min(...due));
    const begun = due[shard]!;
    if (begun >= 1_000) return { transactions, longestMs };
    const wait = pacer.nextTurn(begun + tookMs, events);
    longestMs = Math.max(longestMs, tookMs + wait);
    due[shard] = begun + tookMs + wait;
    transactions += 1;
  }
}

test('one shard alone hardly waits', () => {
  expect(aSecondOf(1, 5, 4).longestMs).toBeLessThan(10);
});

test('eight shards share a budget of transactions, and none waits much longer than the others', () => {
  const { transactions, longestMs } = aSecondOf(8, 5, 4);
  expect(transactions).toBeLessThan(520);
  expect(longestMs).toBeLessThan(25);
});

test('transactions that carry more come less often', () => {
  expect(aSecondOf(8, 100, 4).transactions).toBeLessThan(270);
});

test('at 5,000 events per second over eight shards turns stay short: longer ones would not fill themselves up', () => {
  const eventsOf = (cycleMs: number) => (5 * cycleMs) / 8;
  let { longestMs } = aSecondOf(8, eventsOf(100), 4);
  for (let cycle = 0; cycle < 5; cycle += 1) ({ longestMs } = aSecondOf(8, eventsOf(longestMs), 4));
  expect(longestMs).toBeLessThan(25);
});

test('no shard waits longer than a tenth of a second, however many there are', () => {
  const pacer = createPacer();
  for (let shard = 0; shard < 256; shard += 1) expect(pacer.nextTurn(0, 100)).toBeLessThanOrEqual(100);
});

test('a quiet time is not saved up', () => {
  const pacer = createPacer();
  pacer.nextTurn(0, 1);
  expect(pacer.nextTurn(60_000, 1)).toBe(5);
});
