import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createBackOff } from '../../../../src/actors/kernel/back-off.js';
import { fromJournal } from '../../../../src/actors/kernel/from-journal.js';
import { FleetlogError } from '../../../../src/actors/kernel/errors.js';
import { Inbox } from '../../../../src/actors/kernel/inbox.js';
import type { MetadataParts } from '../../../../src/actors/kernel/hash-chain.js';
import { encodeMetadata, encodeOrigin } from '../../../../src/actors/kernel/origin.js';
import type { Origin } from '../../../../src/actors/kernel/ports/entities.js';
import { createRecoverySlots } from '../../../../src/actors/kernel/recovery-slots.js';
import { parseStreamKey } from '../../../../src/actors/kernel/stream-key.js';

describe('the inbox', () => {
  test('gives back what was put in, in order, whatever is put and taken in between', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 2000 }), (steps) => {
        const inbox = new Inbox<{ readonly index: number; readonly bytes: number }>({ count: 600, bytes: 1e9 });
        const model: number[] = [];
        for (const [index, put] of steps.entries()) {
          if (put) {
            const fits = model.length < 600;
            expect(inbox.push({ index, bytes: 1 })).toBe(fits);
            if (fits) model.push(index);
          } else {
            expect(inbox.peek()?.index).toBe(model[0]);
            expect(inbox.shift()?.index).toBe(model.shift());
          }
          expect(inbox.count).toBe(model.length);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('counts bytes until they are taken out, and lets a single large item through', () => {
    const inbox = new Inbox<{ readonly bytes: number }>({ count: 10, bytes: 100 });
    const pushAll = (...sizes: number[]) => sizes.map((bytes) => inbox.push({ bytes }));
    expect(pushAll(1000, 1)).toEqual([true, false]);
    inbox.shift();
    expect(pushAll(60, 40, 1)).toEqual([true, true, false]);
  });
});

describe('metadata', () => {
  test('SEC-150 says who, by which credential and right, from where, in a fixed order without empty members', () => {
    const origin: Origin = {
      policy: 'device/default/d1:2',
      address: '10.0.0.1',
      sessionEpoch: 3,
      credential: 'ab',
      principal: 'device/d"1',
      tenant: 'default',
    };
    const textOf = ({ head, tail }: MetadataParts): string => head.toString() + tail;
    expect(textOf(encodeMetadata(encodeOrigin(origin), 'device/default/d1:9', undefined))).toBe(
      '{"tenant":"default","principal":"device/d\\"1","credential":"ab","sessionEpoch":3,"address":"10.0.0.1",' +
        '"policy":"device/default/d1:2","correlationId":"device/default/d1:9"}',
    );
    const odd = { correlationId: 'é"c', causationId: 'e' };
    expect(JSON.parse(textOf(encodeMetadata(encodeOrigin(origin), odd.correlationId, odd.causationId)))).toMatchObject(
      odd,
    );
  });

  test('the bytes of an origin are made once', () => {
    let reads = 0;
    const origin: Origin = {
      tenant: 'default',
      get principal() {
        reads += 1;
        return 'device/d1';
      },
    };
    const encoded = encodeOrigin(origin);
    expect(encodeOrigin(origin, encoded)).toBe(encoded);
    expect(reads).toBe(1);
  });
});

describe('pauses and deadlines', () => {
  test('a pause doubles up to the last one, is shortened by up to half, and begins anew after a success', () => {
    const backOff = createBackOff({ firstMs: 100, lastMs: 350, random: () => 0 });
    expect([backOff.next(), backOff.next(), backOff.next(), backOff.next()]).toEqual([100, 200, 350, 350]);
    backOff.reset();
    expect(backOff.next()).toBe(100);
    expect(createBackOff({ firstMs: 100, lastMs: 350, random: () => 0.99 }).next()).toBeCloseTo(50.5);
  });

  test('what takes too long or fails is JOURNAL_UNAVAILABLE, what has a code of its own keeps it', async () => {
    const never = new Promise<never>(() => undefined);
    await expect(fromJournal(never, 'the read', 5)).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    const refused = Promise.reject(new Error('ECONNREFUSED'));
    await expect(fromJournal(refused, 'the read')).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    const corrupt = Promise.reject(new FleetlogError('JOURNAL_CORRUPT', 'a hole'));
    await expect(fromJournal(corrupt, 'the read')).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    await expect(fromJournal(Promise.resolve(1), 'the read')).resolves.toBe(1);
  });

  test('a failed recovery gives its slot to the next', async () => {
    const slots = createRecoverySlots(1);
    const failing = slots.run(() => Promise.reject(new Error('away')));
    const next = slots.run(() => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('away');
    await expect(next).resolves.toBe('done');
    await expect(slots.run(() => Promise.resolve('again'))).resolves.toBe('again');
  });
});

test('a stream names its concept, tenant and entity', () => {
  expect(parseStreamKey('device/default/pump-7')).toEqual({ concept: 'device', tenant: 'default', id: 'pump-7' });
  expect(parseStreamKey('tenant/default')).toEqual({ concept: 'tenant', tenant: 'default' });
});
