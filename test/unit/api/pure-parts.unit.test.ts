import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nearestName } from '../../../src/actors/kernel/nearest-name.js';
import { newPublicId } from '../../../src/api/access/tokens.js';
import { decodeCursor, encodeCursor } from '../../../src/api/request/cursor.js';
import { namesRevision } from '../../../src/api/request/etag.js';
import { formatPositions, parsePositions } from '../../../src/api/events/positions.js';
import { createRateLimiter, rateHeaders } from '../../../src/api/request/rate-limit.js';
import { isRfc3339 } from '../../../src/api/request/rfc3339.js';
import { createFixedClock } from '../../support/fake-ports.js';

describe('positions', () => {
  const journal = { shards: 4, headOf: () => 100 };

  test('come back from their text, whatever they are', () => {
    const any = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(any, (positions) => {
        expect(parsePositions(formatPositions(positions), journal)).toEqual(positions);
      }),
    );
  });

  test('of shards that are not named begin at the first event', () => {
    expect(parsePositions('2:7', journal)).toEqual([0, 0, 7, 0]);
  });

  test.each(['4:1', '1:1,1:2', '0:101'])('that can not be are refused: %s', (text) => {
    expect(() => parsePositions(text, journal)).toThrow(expect.objectContaining({ code: 'CURSOR_INVALID' }));
  });
});

describe('a cursor', () => {
  test('leads back to its place with its own query only', () => {
    const cursor = encodeCursor(['devices', 'a', 'id'], { value: 1, id: 'x' });
    expect(decodeCursor(['devices', 'a', 'id'], cursor)).toEqual({ value: 1, id: 'x' });
    expect(() => decodeCursor(['devices', 'b', 'id'], cursor)).toThrow(
      expect.objectContaining({ code: 'CURSOR_INVALID' }),
    );
  });

  test('that is not one of ours is refused, never a fault', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeCursor(['q'], text)).toThrow(expect.objectContaining({ code: 'CURSOR_INVALID' }));
      }),
    );
  });
});

test('a public id never begins with what a command line takes for an option', () => {
  const drawn = [Buffer.from('f80000000000000000', 'hex'), Buffer.from('000000000000000001', 'hex')];
  expect(drawn[0]?.toString('base64url')).toMatch(/^-/);
  expect(newPublicId(() => drawn.shift() ?? Buffer.alloc(9))).toBe('AAAAAAAAAAAB');
});

describe('an ETag', () => {
  test.each([
    ['"3"', true],
    ['*', true],
    ['"1", "3"', true],
    ['"4"', false],
    ['W/"3"', false],
    ['3', false],
  ])('%s in If-Match names revision 3: %s', (header, expected) => {
    expect(namesRevision(header, 3, false)).toBe(expected);
  });

  test('is compared weakly by If-None-Match', () => {
    expect(namesRevision('W/"3"', 3, true)).toBe(true);
  });
});

describe('a rate', () => {
  test('lets the burst pass at n - 1 and n, refuses n + 1, and says how long to wait', () => {
    const clock = createFixedClock();
    const limiter = createRateLimiter({ rate: { perSecond: 2, burst: 3 }, clock });
    const wait = (key: string) => limiter.take(key).waitSeconds;
    expect([1, 2, 3].map(() => wait('a'))).toEqual([0, 0, 0]);
    expect(wait('a')).toBe(1);
    expect(wait('b')).toBe(0);
    clock.advance(500);
    expect([wait('a'), wait('a')]).toEqual([0, 1]);
  });

  test('tells what is left of it and when it is whole again', () => {
    const limiter = createRateLimiter({ rate: { perSecond: 2, burst: 4 }, clock: createFixedClock() });
    const headers = () => rateHeaders(limiter.rate, limiter.take('a'));
    expect(headers()).toEqual({ 'RateLimit-Policy': '"requests";q=4;w=2', RateLimit: '"requests";r=3;t=1' });
    for (let n = 0; n < 3; n += 1) headers();
    expect(headers()['RateLimit']).toBe('"requests";r=0;t=2');
  });

  test('forgets full buckets before it holds too many keys', () => {
    const clock = createFixedClock();
    const limiter = createRateLimiter({ rate: { perSecond: 1, burst: 1 }, clock, maxKeys: 2 });
    limiter.take('old');
    clock.advance(5000);
    limiter.take('spent');
    expect(limiter.take('new').waitSeconds).toBe(0);
    expect(limiter.take('spent').waitSeconds).toBe(1);
  });
});

describe('names and times', () => {
  test.each([
    ['nmae', ['name', 'tags'], 'name'],
    ['atributes', ['name', 'attributes'], 'attributes'],
    ['tenant', ['id', 'name', 'type'], undefined],
  ])('the name nearest to %s among %j is %s', (name, known, expected) => {
    expect(nearestName(name, known)).toBe(expected);
  });

  test.each([
    ['2026-01-01T00:00:00Z', true],
    ['2026-01-01T00:00:00.123+02:00', true],
    ['2026-01-01', false],
    ['2026-13-01T00:00:00Z', false],
    ['1700000000000', false],
  ])('%s is an RFC 3339 time: %s', (text, expected) => {
    expect(isRfc3339(text)).toBe(expected);
  });
});
