import { describe, expect, test } from '@jest/globals';
import { conditionOf, faultOfFilter } from '../../../src/api/dashboard/pages/fleet/device-condition.js';
import { ceilingOf } from '../../../src/api/dashboard/components/chart-options.js';

describe('the condition of the device list', () => {
  test('is what was typed, while nothing else narrows the list', () => {
    expect(conditionOf({})).toBe('');
    expect(conditionOf({ filter: 'device.connected || device.gateway' })).toBe('device.connected || device.gateway');
    expect(conditionOf({ type: 'pump' })).toBe('device.type == "pump"');
  });

  test('holds together what belongs together, and takes quotes in names as text', () => {
    expect(conditionOf({ filter: 'device.connected || device.gateway', type: 'pump', tag: 'hall "2"' })).toBe(
      String.raw`(device.connected || device.gateway) && (device.type == "pump") && ("hall \"2\"" in device.tags)`,
    );
  });

  test('names the column of a fault in what was typed', () => {
    expect(faultOfFilter('expected an operand (column 8)', {})).toBe('expected an operand (column 8)');
    expect(faultOfFilter('expected an operand (column 9)', { tag: 'hall-2' })).toBe('expected an operand (column 8)');
  });
});

describe('the scale of a chart of counts', () => {
  const usual = Array.from({ length: 300 }, (_, second) => 18 + (second % 5));

  test('follows the line while nothing sticks out', () => {
    expect(ceilingOf(usual)).toBeUndefined();
    expect(ceilingOf([])).toBeUndefined();
    expect(ceilingOf([0, 0, 0])).toBeUndefined();
  });

  test('is cut off above the usual where one spike would press all the rest to the ground', () => {
    const ceiling = ceilingOf([24_000, ...usual])!;
    expect(ceiling).toBeGreaterThan(22);
    expect(ceiling).toBeLessThan(100);
  });
});
