import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { JSON_LIMITS, readJson } from '../../../src/actors/kernel/json.js';
import { ACCEPTED, REFUSED } from './corpus.js';

const read = (text: string) => readJson(Buffer.from(text, 'utf8'));
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('SEC-111 the corpus of JSONTestSuite', () => {
  test.each(Object.entries(ACCEPTED))('%s is read as JSON.parse reads it', (_name, document) => {
    expect(readJson(document)).toEqual({ ok: true, value: JSON.parse(document.toString('utf8')) });
  });

  test.each(Object.entries(REFUSED))('%s is refused', (_name, document) => {
    expect(readJson(document)).toMatchObject({ ok: false, code: 'PAYLOAD_INVALID' });
  });
});

describe('SEC-110 bounds hold at the bound and beyond it', () => {
  test.each([
    ['bytes', `"${'a'.repeat(99)}"`, `"${'a'.repeat(100)}"`, { maxBytes: 101 }],
    ['depth', nested(16), nested(17), {}],
    ['values', JSON.stringify(new Array(9_999).fill(1)), JSON.stringify(new Array(10_000).fill(1)), {}],
    ['key bytes', `{"${'k'.repeat(256)}":1}`, `{"${'k'.repeat(257)}":1}`, {}],
    ['key bytes of two-byte letters', `{"${'é'.repeat(128)}":1}`, `{"${'é'.repeat(129)}":1}`, {}],
    ['string bytes', `"${'s'.repeat(65_536)}"`, `"${'s'.repeat(65_537)}"`, {}],
  ])('%s', (_what, atBound, beyond, limits) => {
    expect(readJson(Buffer.from(atBound), limits).ok).toBe(true);
    expect(readJson(Buffer.from(beyond), limits).ok).toBe(false);
  });

  test('size is the first thing asked, and has a code of its own', () => {
    const tooLarge = Buffer.alloc(JSON_LIMITS.maxBytes + 1, 0xff);
    expect(readJson(tooLarge)).toMatchObject({ ok: false, code: 'PAYLOAD_TOO_LARGE' });
    expect(readJson(tooLarge.subarray(1))).toMatchObject({ ok: false, code: 'PAYLOAD_INVALID' });
  });

  test('brackets in strings and after escaped quotes are no depth', () => {
    expect(read(`["${'['.repeat(40)}","\\"${'{'.repeat(40)}\\\\"]`).ok).toBe(true);
  });

  test('depth is refused before the parser sees it, however it is hidden', () => {
    expect(read(`["\\\\",${nested(100_000 / 2)}]`)).toMatchObject({
      detail: 'The document is nested deeper than 16 levels.',
    });
  });
});

describe('SEC-112 what no store could hold is refused with a pointer', () => {
  test.each([
    ['{"a":{"b":["x","\\u0000"]}}', '/a/b/1'],
    ['{"a":1,"b":"\\ud800"}', '/b'],
    ['{"a/b":{"c~d":"\\udc00"}}', '/a~1b/c~0d'],
    ['"\\u0000"', ''],
    // A member name at fault cannot stand in a pointer: it names the object.
    ['{"a":{"\\u0000":1}}', '/a'],
    ['[0,{"x\\ud800":1}]', '/1'],
    ['{"\\udfff":1}', ''],
  ])('%s', (document, pointer) => {
    expect(read(document)).toMatchObject({ ok: false, code: 'PAYLOAD_INVALID', pointer });
  });

  test('the pointer names the first fault in document order, after deep siblings', () => {
    expect(read('{"a":[[1],[2,[3]],{}],"b":{"c":[]},"d":[1e400],"e":"\\u0000"}')).toMatchObject({ pointer: '/d/0' });
  });
});

describe('SEC-113 numbers are doubles', () => {
  test.each(['1e400', '-1e400', '[1,1e999]'])('%s overflows and is refused', (document) => {
    expect(read(document)).toMatchObject({ ok: false, detail: 'A number is beyond the range of a double.' });
  });

  test('an integer beyond 2^53 is rounded; of duplicate members the last counts', () => {
    expect(read('{"a":1,"n":9007199254740993,"a":2}')).toEqual({ ok: true, value: { a: 2, n: 9007199254740992 } });
  });
});

test('SEC-114 __proto__, constructor and prototype are ordinary members and pollute nothing', () => {
  const text = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"prototype":1}';
  const reading = read(text);
  expect(reading.ok && JSON.stringify(reading.value)).toBe(text);
  expect(reading.ok && Object.getPrototypeOf(reading.value)).toBe(Object.prototype);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('whatever JSON.stringify writes within the bounds is read back equal', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
      const text = JSON.stringify(value);
      // U+0000 is refused by rule, everything else must come back.
      fc.pre(!text.includes('\\u0000'));
      expect(read(text)).toEqual({ ok: true, value: JSON.parse(text) });
    }),
  );
});

test('random bytes are answered, never thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(typeof readJson(Buffer.from(bytes)).ok).toBe('boolean');
    }),
  );
});
