import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createFaultSource, NO_FAULTS, parseFaults, type Fault } from '../../../src/edge/simulator/faults.js';
import { createFaultyLink, type FaultyLink } from '../../../src/edge/simulator/faulty-link.js';
import { createRandom, seedOf } from '../../../src/edge/simulator/random.js';
import type { OutgoingMessage } from '../../../src/edge/simulator/send-buffer.js';

describe('the faults of the command line', () => {
  test('are percents or parts of 1, in any order, those left out are none', () => {
    expect(parseFaults('drop=1%,dup=2%,reorder=0.5%')).toEqual({ drop: 0.01, duplicate: 0.02, reorder: 0.005 });
    expect(parseFaults('reorder=0.25, drop=0')).toEqual({ drop: 0, duplicate: 0, reorder: 0.25 });
  });

  test.each([
    ['an unknown fault', 'lose=1%', '"lose" is no fault'],
    ['the name of a member of every object', 'constructor=1%', '"constructor" is no fault'],
    ['no share', 'drop', 'a share is'],
    ['more than all', 'drop=101%', 'a share is'],
    ['less than none', 'drop=-1%', 'a share is'],
    ['two shares', 'drop=1%=2%', 'a share is'],
    ['nothing', '', 'is no fault'],
    ['more than all together', 'drop=60%,dup=60%', 'at most 100%'],
  ])('with %s are refused in one sentence', (_name, text, message) => {
    expect(() => parseFaults(text)).toThrow(message);
  });
});

describe('drawn faults', () => {
  const draw = (seed: number, count: number): Fault[] => {
    const next = createFaultSource({ drop: 0.01, duplicate: 0.02, reorder: 0.03 }, createRandom(seed));
    return Array.from({ length: count }, next);
  };

  test('repeat with their seed and differ with another', () => {
    expect(draw(42, 1_000)).toEqual(draw(42, 1_000));
    expect(draw(42, 1_000)).not.toEqual(draw(43, 1_000));
    expect(draw(seedOf(42, 'device-1'), 1_000)).not.toEqual(draw(seedOf(42, 'device-2'), 1_000));
  });

  test.each([1, 42, 4_711])('come in the shares asked for (seed %d)', (seed) => {
    const faults = draw(seed, 100_000);
    const share = (fault: Fault): number => faults.filter((drawn) => drawn === fault).length / faults.length;
    expect(share('drop')).toBeCloseTo(0.01, 2);
    expect(share('duplicate')).toBeCloseTo(0.02, 2);
    expect(share('reorder')).toBeCloseTo(0.03, 2);
  });

  test('are none when none are asked for', () => {
    const next = createFaultSource(NO_FAULTS, createRandom(1));
    expect(new Set(Array.from({ length: 1_000 }, next))).toEqual(new Set(['none']));
  });
});

describe('a faulty link', () => {
  let arrived: string[];
  beforeEach(() => {
    arrived = [];
    jest.useFakeTimers();
  });
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const linkWith = (...faults: Fault[]): FaultyLink =>
    createFaultyLink({
      nextFault: () => faults.shift() ?? 'none',
      transmit: ({ payload }) => arrived.push(payload),
    });
  const send = (link: FaultyLink, ...payloads: string[]): void => {
    for (const payload of payloads) link.send({ topic: 't', payload, records: 1 } satisfies OutgoingMessage);
  };

  test('without a fault carries every message once, in order', () => {
    send(linkWith(), 'a', 'b', 'c');
    expect(arrived).toEqual(['a', 'b', 'c']);
  });

  test('sends a duplicate right behind its message', () => {
    send(linkWith('none', 'duplicate'), 'a', 'b', 'c');
    expect(arrived).toEqual(['a', 'b', 'b', 'c']);
  });

  test('lets a message be overtaken by the one behind it', () => {
    send(linkWith('reorder'), 'a', 'b', 'c');
    expect(arrived).toEqual(['b', 'a', 'c']);
  });

  test('lets a message go on that nothing overtakes', () => {
    send(linkWith('reorder'), 'a');
    jest.runAllTimers();
    expect(arrived).toEqual(['a']);
  });

  test('sends a lost message again, once', () => {
    send(linkWith('drop'), 'a', 'b');
    expect(arrived).toEqual(['b']);
    jest.runAllTimers();
    expect(arrived).toEqual(['b', 'a']);
  });

  test('that is cleared forgets what it held back', () => {
    const link = linkWith('drop', 'reorder');
    send(link, 'a', 'b');
    link.clear();
    jest.runAllTimers();
    send(link, 'c');
    expect(arrived).toEqual(['c']);
  });
});
