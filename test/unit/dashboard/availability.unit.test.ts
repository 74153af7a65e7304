import { expect, test } from '@jest/globals';
import { availabilityWords } from '../../../src/api/dashboard/pages/device/availability.js';

const NOW = Date.parse('2026-02-03T14:03:12Z');
const DAY_MS = 24 * 3_600_000;

test.each([
  ['connected 100 % since it was registered', 1, 60_000],
  ['connected 99.97 % since it was registered', 0.9997, 7 * DAY_MS - 1],
  ['connected 40.00 % of the last 7 days', 0.4, 7 * DAY_MS],
])('says %s', (words, ratio, age) => {
  expect(availabilityWords(ratio, NOW - age, NOW)).toBe(words);
});
