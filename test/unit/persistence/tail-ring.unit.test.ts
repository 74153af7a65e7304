import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { createTailRing } from '../../../src/persistence/journal/tail-ring.js';

const PAYLOAD = Buffer.alloc(100);

function events(first: number, count: number): RecordedEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ shard: 0, position: first + index, stream: 's', sequence: first + index, type: 'T', schemaVersion: 1 },
    ...{ occurredAt: 0, recordedAt: 0, payload: PAYLOAD, metadata: PAYLOAD },
  }));
}

const positions = (read: readonly RecordedEvent[] | undefined) => read?.map(({ position }) => position);

describe('tail ring', () => {
  test('answers with nothing at its head and passes to Postgres what it does not hold', () => {
    const ring = createTailRing(10, 1_000_000);
    expect(ring.read(10, 5)).toEqual([]);
    expect(ring.read(9, 5)).toBeUndefined();
    ring.add(events(11, 3));
    expect(positions(ring.read(10, 5))).toEqual([11, 12, 13]);
    expect(positions(ring.read(11, 1))).toEqual([12]);
    expect(ring.read(9, 5)).toBeUndefined();
  });

  test('starts anew after a commit of another node, and never answers across the hole', () => {
    const ring = createTailRing(0, 1_000_000);
    ring.add(events(1, 2));
    expect(ring.add(events(5, 2))).toBe(true);
    expect(ring.head).toBe(6);
    expect(ring.read(2, 10)).toBeUndefined();
    expect(positions(ring.read(4, 10))).toEqual([5, 6]);
  });

  test('keeps its own commit when the poll has told of the head before', () => {
    const ring = createTailRing(0, 1_000_000);
    expect(ring.advance(3)).toBe(true);
    expect(ring.add(events(1, 3))).toBe(false);
    expect(positions(ring.read(0, 10))).toEqual([1, 2, 3]);
    expect(ring.advance(2)).toBe(false);
  });

  test('holds what one of its readers has not read, and lets the rest go with the next commit', () => {
    const ring = createTailRing(0, 1_000_000);
    const [fast, slow] = [ring.open(), ring.open()];
    for (const reader of [fast, slow]) expect(reader.read(0, 10)).toEqual([]);
    ring.add(events(1, 3));
    expect(positions(fast.read(0, 10))).toEqual([1, 2, 3]);
    fast.read(3, 10);
    ring.add(events(4, 2));
    expect(positions(slow.read(0, 10))).toEqual([1, 2, 3, 4, 5]);
    slow.read(2, 1);
    ring.add(events(6, 1));
    expect(ring.read(1, 10)).toBeUndefined();
    expect(positions(slow.read(2, 10))).toEqual([3, 4, 5, 6]);
    slow.close();
    ring.add(events(7, 1));
    expect(ring.read(2, 10)).toBeUndefined();
    expect(positions(fast.read(3, 10))).toEqual([4, 5, 6, 7]);
    fast.close();
    ring.add(events(8, 2));
    expect(ring.read(6, 10)).toBeUndefined();
    expect(positions(ring.read(7, 10))).toEqual([8, 9]);
  });

  test('a reader who has to ask Postgres finds here what comes after the answer; one far behind holds nothing', () => {
    const ring = createTailRing(100, 1_000_000);
    const [near, far] = [ring.open(), ring.open()];
    expect(near.read(95, 10)).toBeUndefined();
    expect(far.read(20, 10)).toBeUndefined();
    ring.add(events(101, 2));
    ring.add(events(103, 2));
    expect(positions(near.read(100, 10))).toEqual([101, 102, 103, 104]);
    near.close();
    ring.add(events(105, 1));
    expect(ring.read(103, 1)).toBeUndefined();
    expect(positions(ring.read(104, 1))).toEqual([105]);
  });

  test('a reader who stands still makes it hold no more than its bytes', () => {
    const ring = createTailRing(0, 450 * 20);
    const still = ring.open();
    still.read(0, 1);
    for (let position = 1; position <= 100; position += 1) ring.add(events(position, 1));
    expect(still.read(0, 1)).toBeUndefined();
    expect(positions(ring.read(99, 1))).toEqual([100]);
    expect(ring.read(79, 1)).toBeUndefined();
  });

  test('holds a contiguous end of the shard and no more than its bytes, whatever comes', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('own' as const), count: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ kind: fc.constant('other' as const), count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constant('read' as const), count: fc.integer({ min: 1, max: 10 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const maxBytes = 450 * 20;
        const ring = createTailRing(0, maxBytes);
        const reader = ring.open();
        let head = 0;
        let readUpTo = 0;
        for (const { kind, count } of steps) {
          if (kind === 'read') {
            const due = Math.min(count, head - readUpTo);
            const read = reader.read(readUpTo, count);
            if (read) expect(positions(read)).toEqual(Array.from({ length: due }, (_, index) => readUpTo + 1 + index));
            readUpTo += due;
            continue;
          }
          if (kind === 'own') ring.add(events(head + 1, count));
          else ring.advance(head + count);
          head += count;
          expect(ring.head).toBe(head);
          const heldFrom =
            Array.from({ length: head + 1 }, (_, after) => after).find((after) => ring.read(after, 1) !== undefined) ??
            head;
          expect(head - heldFrom).toBeLessThanOrEqual(20);
          expect(positions(ring.read(heldFrom, 1_000))).toEqual(
            Array.from({ length: head - heldFrom }, (_, index) => heldFrom + 1 + index),
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});
