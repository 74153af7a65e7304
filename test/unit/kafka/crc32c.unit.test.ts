import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRequire } from 'node:module';

import { crc32c } from '../../../src/transport/kafka/crc32c.js';

const theirs = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C/index.js') as (
  bytes: Buffer,
) => number;

const ascending = Buffer.from(Array.from({ length: 32 }, (_, index) => index));

// RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRC algorithms.
test.each([
  ['32 bytes of zero', Buffer.alloc(32), 0x8a9136aa],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['32 rising bytes', ascending, 0x46dd794e],
  ['32 falling bytes', Buffer.from(ascending).reverse(), 0x113fdb5c],
  ['the digits 1 to 9', Buffer.from('123456789'), 0xe3069283],
])('the checksum of %s is the published one', (_what, bytes, expected) => {
  expect(crc32c(bytes, 0, bytes.length)).toBe(expected);
});

test('the checksum of any part is that of a byte at a time', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, start) => {
      const from = Math.min(start, bytes.length);
      expect(crc32c(bytes, from, bytes.length)).toBe(theirs(Buffer.from(bytes.subarray(from))));
    }),
  );
});
