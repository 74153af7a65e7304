import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startTicker } from '../../../src/edge/simulator/ticker.js';

let ticks: number;
let now: number;
let stop: () => void;
beforeEach(() => {
  [ticks, now] = [0, 0];
  jest.useFakeTimers();
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  stop();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
  jest.restoreAllMocks();
});

const start = (ratePerSecond: number, phase = 1): void => {
  stop = startTicker({ ratePerSecond, phase, onTick: () => (ticks += 1) });
};
/** Lets time go by in steps in which every timer is as punctual as a step is short. */
const wait = (durationMs: number, stepMs: number): void => {
  for (const end = now + durationMs; now < end;) {
    now += stepMs;
    jest.advanceTimersByTime(stepMs);
  }
};

describe('a ticker', () => {
  test.each([1, 20, 500])('ticks %d times a second', (rate) => {
    start(rate);
    wait(10_000, 1);
    expect(ticks).toBe(rate * 10);
  });

  test('makes up for ticks that came late', () => {
    start(100);
    wait(10_000, 500);
    expect(ticks).toBe(1_000);
  });

  test('begins after its part of a step', () => {
    start(1, 0.25);
    wait(249, 1);
    expect(ticks).toBe(0);
    wait(1, 1);
    expect(ticks).toBe(1);
  });

  test('does not make up for the sleep of the machine', () => {
    start(10);
    wait(1_000, 1);
    now += 3_600_000;
    wait(1_000, 1);
    expect(ticks).toBeGreaterThanOrEqual(19);
    expect(ticks).toBeLessThanOrEqual(21);
  });

  test('that is stopped ticks no more', () => {
    start(10);
    wait(1_000, 1);
    stop();
    wait(1_000, 1);
    expect(ticks).toBe(10);
  });
});
