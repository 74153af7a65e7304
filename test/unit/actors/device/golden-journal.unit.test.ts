import { expect, test } from '@jest/globals';
import { deviceCodec } from '../../../../src/actors/device/codec.js';
import { deviceDecider } from '../../../../src/actors/device/decider.js';
import { RecentIds } from '../../../../src/actors/device/recent-ids.js';
import { DEVICE_EVENT_VERSIONS } from '../../../../src/actors/device/upcasters.js';
import { testGoldenJournals } from '../golden-journals.js';

testGoldenJournals({
  concept: 'device',
  decider: deviceDecider,
  codec: deviceCodec,
  versions: DEVICE_EVENT_VERSIONS,
});

test('a snapshot keeps the order of ids and credentials', () => {
  const empty = deviceDecider.initialState('device/default/d1');
  const tokens = ['tb', 'ta'].map((tokenId) => ({ tokenId, sha256: tokenId, issuedAt: 0, sequence: 1 }));
  const state = {
    ...empty,
    recentIds: new RecentIds(['b', 'a']),
    tokens: new Map(tokens.map((entry) => [entry.tokenId, entry])),
  };
  const back = deviceCodec.fromSnapshot(JSON.parse(JSON.stringify(deviceCodec.toSnapshot(state))));
  expect(back).toEqual(state);
  expect([[...back.recentIds], [...back.tokens.keys()]]).toEqual([
    ['b', 'a'],
    ['tb', 'ta'],
  ]);
});
