import { expect, test } from '@jest/globals';

import { createPacer } from '../../../src/actors/relay/pacer.js';

/**
 * Lets shards run small transactions of `tookMs` each, over which `perMs` events are spread; answers how many were in the third
 * second, and the longest time between two of one shard in it.
 */
function aSecondOf(shards: number, perMs: number, tookMs: number): { transactions: number; longestMs: number } {
  const pacer = createPacer();
  const due = Array.from({ length: shards }, () => 0);
  const sent = Array.from({ length: shards }, () => 0);
  let transactions = 0;
  let longestMs = 0;
  for (;;) {
    const shard = due.indexOf(Math.min(...due));
    const begun = due[shard]!;
    if (begun >= 3_000) return { transactions, longestMs };
    const events = ((begun - sent[shard]!) * perMs) / shards;
    sent[shard] = begun;
    const wait = pacer.nextTurn(begun + tookMs, events);
    due[shard] = begun + tookMs + wait;
    if (begun < 2_000) continue;
    longestMs = Math.max(longestMs, tookMs + wait);
    transactions += 1;
  }
}

test('one shard alone hardly waits', () => {
  expect(aSecondOf(1, 1, 4).longestMs).toBeLessThan(10);
});

test('eight shards share a budget of transactions, and none waits much longer than the others', () => {
  const { transactions, longestMs } = aSecondOf(8, 1, 4);
  expect(transactions).toBeLessThan(260);
  expect(longestMs).toBeLessThan(35);
});

test('at 5,000 events per second over eight shards turns stay short', () => {
  expect(aSecondOf(8, 5, 4).longestMs).toBeLessThan(35);
});

test('the more events there are, the fewer transactions carry them', () => {
  const counts = [5, 9, 12].map((perMs) => aSecondOf(8, perMs, 4).transactions);
  expect(counts[1]).toBeLessThan(counts[0]! / 2);
  expect(counts[2]).toBeLessThan(100);
});

test('turns are short again soon after the events have become few', () => {
  const pacer = createPacer();
  let now = 0;
  for (const events of [...Array<number>(100).fill(500), ...Array<number>(200).fill(5)]) {
    pacer.nextTurn(now, events);
    now += 10;
  }
  pacer.nextTurn(now, 5);
  pacer.nextTurn(now, 5);
  expect(pacer.nextTurn(now, 5)).toBeLessThan(15);
});

test('no shard waits longer than a quarter of a second, however many there are', () => {
  const pacer = createPacer();
  for (let shard = 0; shard < 256; shard += 1) expect(pacer.nextTurn(0, 100)).toBeLessThanOrEqual(250);
});

test('a quiet time is not saved up', () => {
  const pacer = createPacer();
  pacer.nextTurn(0, 1);
  expect(pacer.nextTurn(60_000, 1)).toBe(5);
});
