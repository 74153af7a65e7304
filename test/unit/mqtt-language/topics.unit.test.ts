import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  errorsTopic,
  externalTopic,
  internalTopic,
  isWellFormedFilter,
  isWellFormedText,
  isWellFormedTopic,
  parseUplinkTopic,
} from '../../../src/transport/mqtt/topics.js';

describe('the grammar', () => {
  test.each(['\0', '\u0001', '\u001F', '\u007F', '\u0080', '\u009F', '\uFFFD', '\uD800', '\uDC00', '\uFEFF', '\u202E'])(
    'A6 %j stands in no topic, filter, client id or user name',
    (bad) => {
      for (const text of [bad, `a${bad}`, `${bad}a`, `a/${bad}/b`]) {
        expect(isWellFormedTopic(text)).toBe(false);
        expect(isWellFormedFilter(text)).toBe(false);
        expect(isWellFormedText(text, 256)).toBe(false);
      }
    },
  );

  test.each(['a#', 'a+', '+a', '#a', 'x/a+', 'x/+a/y', '#/x', 'x/#/y', '##', '++', '+#', ''])(
    'A18 the filter %j is refused',
    (filter) => {
      expect(isWellFormedFilter(filter)).toBe(false);
    },
  );

  test.each(['#', '+', '+/+', 'a/+/b', 'a/#', '+/#', '/', 'a//b', '/+'])(
    'A18 the filter %j is well formed',
    (filter) => {
      expect(isWellFormedFilter(filter)).toBe(true);
    },
  );

  test('a topic holds no wildcard', () => {
    expect(['a/+', '#', 'a+b', 'a#'].filter(isWellFormedTopic)).toEqual([]);
  });

  test.each([
    ['levels', 'a/b/c/d/e/f/g/h', 'a/b/c/d/e/f/g/h/i'],
    ['bytes', 'x'.repeat(256), 'x'.repeat(257)],
    ['bytes of two-byte letters', 'é'.repeat(128), 'é'.repeat(129)],
  ])('A18 %s are bounded', (_what, atBound, beyond) => {
    expect(isWellFormedTopic(atBound)).toBe(true);
    expect(isWellFormedFilter(atBound)).toBe(true);
    expect(isWellFormedTopic(beyond)).toBe(false);
    expect(isWellFormedFilter(beyond)).toBe(false);
  });

  test('text of foreign scripts is well formed, and an empty text too', () => {
    expect(['', 'насос-7', '泵', '🚰'].every((text) => isWellFormedText(text, 64))).toBe(true);
  });
});

test('uplink topics are read with their device and name, all else is none', () => {
  expect(parseUplinkTopic('devices/pump-7/telemetry')).toEqual({ kind: 'telemetry', device: 'pump-7' });
  expect(parseUplinkTopic('devices/pump-7/events/door.opened')).toEqual({
    kind: 'event',
    device: 'pump-7',
    name: 'door.opened',
  });
  expect(['devices/p/shadow/update', 'devices/p/events/a/b', 'x', errorsTopic('p')].map(parseUplinkTopic)).toEqual(
    Array.from({ length: 4 }, () => undefined),
  );
});

test('SEC-134 a topic comes out of the broker as it went in, for its own tenant only', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[A-Za-z0-9_.:-]{1,20}$/),
      fc.stringMatching(/^[A-Za-z0-9_.:-]{1,20}$/),
      fc.string(),
      (tenant, other, topic) => {
        const internal = internalTopic(tenant, topic);
        expect(externalTopic(tenant, internal)).toBe(topic);
        if (other !== tenant) expect(externalTopic(other, internal)).toBeUndefined();
      },
    ),
  );
});
