import { expect, test } from '@jest/globals';

import { int2Array, int8Array, textArray, timeArray } from '../../../src/persistence/journal/binary-array.js';

const HEADER_BYTES = 20;
const HALF = 2 ** 32;

/** Elements as Postgres reads them (`array_recv`). */
function elementsOf(bytes: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  for (let at = HEADER_BYTES; at < bytes.length;) {
    const length = bytes.readInt32BE(at);
    elements.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return elements;
}

test('an array says its one dimension, no nulls, type, length and lower bound', () => {
  const array = int2Array(2);
  array.add(7);
  array.add(-1);
  const bytes = array.finish();
  expect([0, 4, 8, 12, 16].map((at) => bytes.readInt32BE(at))).toEqual([1, 0, 21, 2, 1]);
  expect(elementsOf(bytes).map((element) => element.readInt16BE())).toEqual([7, -1]);
});

test('an array of nothing has no dimension', () => {
  expect(textArray(0).finish()).toEqual(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25]));
});

test.each([0, 1, -1, HALF - 1, HALF, -HALF, -HALF - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
  'an int8 of %d arrives as it is',
  (value) => {
    const array = int8Array(1);
    array.add(value);
    expect(elementsOf(array.finish())[0]!.readBigInt64BE()).toBe(BigInt(value));
  },
);

test.each([0, 1_700_000_000_123, 946_684_800_000, -62_135_596_800_000, 8_640_000_000_000_000, 9_999_999_999_999])(
  'a time of %d ms arrives in microseconds since 2000, exactly',
  (milliseconds) => {
    const array = timeArray(1);
    array.add(milliseconds);
    const since2000 = (BigInt(milliseconds) - BigInt(Date.UTC(2000, 0, 1))) * 1000n;
    expect(elementsOf(array.finish())[0]!.readBigInt64BE()).toBe(since2000);
  },
);

test('texts longer than expected, and of any script, arrive whole', () => {
  const texts = ['device/default/pump-7', 'ü€𝄞'.repeat(200), '', 'x'.repeat(5_000)];
  const array = textArray(texts.length);
  for (const text of texts) array.add(text);
  expect(elementsOf(array.finish()).map(String)).toEqual(texts);
});
