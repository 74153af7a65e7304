import { expect, test } from '@jest/globals';
import { createCatchUpPacer } from '../../../src/actors/relay/catch-up-pacer.js';

const EVENTS = 1_000;

/** Lets eight shards that are far behind send full transactions of `tookMs` each for ten seconds; answers events per second in the last one. */
function rateWhile(busyShare: number, tookMs = 15): number {
  const pacer = createCatchUpPacer(() => busyShare);
  const due = Array.from({ length: 8 }, () => 0);
  let sent = 0;
  for (;;) {
    const begun = Math.min(...due);
    if (begun >= 10_000) return sent;
    if (begun >= 9_000) sent += EVENTS;
    const ended = begun + tookMs;
    due[due.indexOf(begun)] = ended + pacer.nextTurn(ended, EVENTS);
  }
}

test('a busy event loop leaves the relay what keeps it from starving', () => {
  expect(rateWhile(1)).toBeGreaterThanOrEqual(24_000);
  expect(rateWhile(1)).toBeLessThanOrEqual(26_000);
});

test('one that has time lets it catch up faster', () => {
  expect(rateWhile(0.5)).toBeGreaterThan(90_000);
});

test('a quiet time is not saved up', () => {
  const pacer = createCatchUpPacer(() => 1);
  pacer.nextTurn(0, EVENTS);
  expect([pacer.nextTurn(60_000, EVENTS), pacer.nextTurn(60_000, EVENTS)]).toEqual([5, 45]);
});
