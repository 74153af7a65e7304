import { describe, expect, test } from '@jest/globals';
import {
  deviceChanges,
  draftChanges,
  draftFaults,
  draftOf,
  overlap,
  patchOf,
} from '../../../src/api/dashboard/pages/device/device-draft.js';
import type { Device } from '../../../src/api/dashboard/pages/device/device-state.js';

const PUMP = {
  id: 'pump-7',
  name: 'Feed pump 7',
  type: 'pump',
  tags: ['hall-2'],
  attributes: { site: 'north', 'a/b': 1 },
  heartbeat: { interval: 60, grace: 30 },
  enabled: true,
} as unknown as Device;

describe('the draft of a device', () => {
  test('says nothing that the device does not say', () => {
    expect(draftFaults(draftOf(PUMP))).toEqual({});
    expect(draftChanges(PUMP, draftOf(PUMP))).toEqual([]);
  });

  test('sends what has changed alone, and null for what was taken away', () => {
    const draft = { ...draftOf(PUMP), name: ' ', tags: 'hall-2, wet,', attributes: '{"site":"south"}', enabled: false };
    expect(patchOf(draftChanges(PUMP, draft))).toEqual({
      name: null,
      tags: ['hall-2', 'wet'],
      enabled: false,
      attributes: { site: 'south', 'a/b': null },
    });
  });

  test.each([
    ['attributes', '[1]'],
    ['attributes', '{"a":'],
    ['interval', 'soon'],
    ['grace', ''],
  ] as const)('with %s %j can not be sent', (field, text) => {
    expect(Object.keys(draftFaults({ ...draftOf(PUMP), [field]: text }))).toEqual([field]);
  });

  test('meets another’s change where both have set one path to different values, attributes one by one', () => {
    const after = { ...PUMP, name: 'Pump', type: 'valve', attributes: { site: 'south', 'a/b': 2 } };
    const theirs = deviceChanges(PUMP, after);
    const yours = draftChanges(PUMP, {
      ...draftOf(PUMP),
      name: 'My pump',
      type: 'valve',
      attributes: '{"site":"east","a/b":1}',
    });
    expect([...overlap(theirs, yours)].sort()).toEqual(['/attributes/site', '/name']);
  });
});
