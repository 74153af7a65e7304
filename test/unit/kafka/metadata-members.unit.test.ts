import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { findHeaderMembers, HEADER_MEMBERS } from '../../../src/transport/kafka/metadata-members.js';

const found = new Int32Array(2 * HEADER_MEMBERS.length);

/** The members that were found, by name, as text; `undefined` when only `JSON.parse` can tell. */
function membersIn(metadata: string): Record<string, string> | undefined {
  const bytes = Buffer.from(metadata);
  if (!findHeaderMembers(bytes, found)) return undefined;
  return Object.fromEntries(
    HEADER_MEMBERS.flatMap(({ member }, index) =>
      found[2 * index] === 0 ? [] : [[member, bytes.toString('utf8', found[2 * index], found[2 * index + 1])]],
    ),
  );
}

function membersByParsing(metadata: string): Record<string, string> {
  const members = JSON.parse(metadata) as Record<string, unknown>;
  return Object.fromEntries(
    HEADER_MEMBERS.flatMap(({ member }) => (member in members ? [[member, String(members[member])]] : [])),
  );
}

const name = fc.oneof(
  fc.constantFrom(...HEADER_MEMBERS.map(({ member }) => member), 'tenant', 'hash', 'credential', 'principaL'),
  fc.string(),
);
const value = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.nat(), fc.maxSafeInteger(), fc.jsonValue());

test('what is found is what parsing finds, whatever the metadata holds', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), (members) => {
      const metadata = `{${members.map(([key, given]) => `${JSON.stringify(key)}:${JSON.stringify(given)}`).join()}}`;
      const fast = membersIn(metadata);
      if (fast !== undefined) expect(fast).toEqual(membersByParsing(metadata));
    }),
    { numRuns: 2_000 },
  );
});

test('the metadata that devices cause is never parsed', () => {
  const metadata = `{"tenant":"acme","principal":"device/pump-1","credential":"\\u00e9 \\"","sessionEpoch":17,"address":"Köln","correlationId":"device/acme/pump-1:9","causationId":"x","hash":"h"}`;
  expect(membersIn(metadata)).toEqual({
    principal: 'device/pump-1',
    sessionEpoch: '17',
    correlationId: 'device/acme/pump-1:9',
    causationId: 'x',
  });
});

test.each([
  ['an escape in a value that counts', '{"principal":"a\\u0062"}'],
  ['a letter beyond ASCII in a value that counts', '{"principal":"ä"}'],
  ['an escape in a name', '{"princip\\u0061l":"a"}'],
  ['a number that JavaScript spells in another way', '{"sessionEpoch":1.0}'],
  ['a number beyond those that are exact', '{"sessionEpoch":12345678901234567890}'],
  ['no number', '{"sessionEpoch":null}'],
  ['an object within', '{"tenant":{"principal":"b"},"principal":"a"}'],
  ['blanks', '{ "principal":"a" }'],
  ['nothing at all', '{}'],
])('leaves to parsing: %s', (_what, metadata) => {
  expect(membersIn(metadata)).toBeUndefined();
});

test.each([
  '',
  '{',
  '{"principal',
  '{"principal"',
  '{"principal":',
  '{"principal":"a',
  '{"principal":"a"',
  '[]',
  '"a"',
])('ends at broken metadata: %j', (metadata) => {
  expect(membersIn(metadata)).toBeUndefined();
});
