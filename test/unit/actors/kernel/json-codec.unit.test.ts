import { describe, expect, test } from '@jest/globals';
import type { DomainEvent } from '../../../../src/actors/kernel/decider.js';
import { createJsonCodec } from '../../../../src/actors/kernel/json-codec.js';

/** A synthetic type at its third version: first `{celsius}` as a text, then as a number, now `{temperature, at}`. */
type Measured = DomainEvent<'Measured', { readonly temperature: number; readonly at: number }>;
const codec = createJsonCodec<Measured, null>({
  versions: { Measured: 3 },
  upcasters: {
    Measured: {
      1: (data) => ({ celsius: Number((data as { celsius: string }).celsius) }),
      2: (data, occurredAt) => ({ temperature: (data as { celsius: number }).celsius, at: occurredAt }),
    },
  },
  snapshotVersion: 1,
  toSnapshot: () => null,
  fromSnapshot: () => null,
});
const decode = (version: number, data: object): unknown =>
  codec.decode('Measured', version, Buffer.from(JSON.stringify(data)), 77).data;

describe('upcasting', () => {
  test('each older version is lifted step by step to the current one', () => {
    const current = { temperature: 21.5, at: 77 };
    expect(decode(1, { celsius: '21.5' })).toEqual(current);
    expect(decode(2, { celsius: 21.5 })).toEqual(current);
    expect(decode(3, current)).toEqual(current);
  });

  test('a newer version, a missing step or an unknown type is a fault, never a guess', () => {
    expect(() => decode(4, {})).toThrow('this program reads 1 to 3');
    expect(() => decode(0, {})).toThrow('this program reads 1 to 3');
    expect(() => codec.decode('Other', 1, Buffer.from('{}'), 0)).toThrow('no event type Other');
    const holed = createJsonCodec<Measured, null>({ ...codec, versions: { Measured: 3 }, upcasters: {} });
    expect(() => holed.decode('Measured', 1, Buffer.from('{}'), 0)).toThrow('no upcaster from version 1');
  });
});
