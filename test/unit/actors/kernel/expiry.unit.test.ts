import { expect, test } from '@jest/globals';
import { expiryDue } from '../../../../src/actors/kernel/expiry.js';

const DAY = 24 * 60 * 60 * 1000;
const END = Date.UTC(2027, 0, 1);

test.each([
  [365, 31, undefined],
  [365, 30, 30],
  [365, 7.1, 30],
  [365, 7, 7],
  [365, 1.1, 7],
  [365, 1, 1],
  [365, 0.001, 1],
  [365, 0, undefined],
  [365, -1, undefined],
  [10, 9, undefined],
  [10, 7, 7],
  [1, 0.5, 1],
  [0.5, 0.4, undefined],
])('SEC-33 of a life of %d days with %d left the threshold is %p', (life, left, due) => {
  expect(expiryDue({ notBefore: END - life * DAY, notAfter: END }, END - left * DAY)).toBe(due);
});
