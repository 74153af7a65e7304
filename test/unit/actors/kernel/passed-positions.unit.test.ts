import { test } from '@jest/globals';
import { createPassedPositions } from '../../../../src/actors/kernel/passed-positions.js';

const LONG_MS = 3_600_000;

test('a pause of the projection ends when somebody waits for a position', async () => {
  const passed = createPassedPositions();
  const paused = passed.untilAwaited(3, LONG_MS);
  const waiting = passed.wait(3, 7, LONG_MS);
  await paused;
  passed.pass(3, 7);
  await waiting;
});

test('the projection does not pause while somebody waits, and pauses for each shard alone', async () => {
  const passed = createPassedPositions();
  const waiting = passed.wait(3, 7, LONG_MS);
  await passed.untilAwaited(3, LONG_MS);
  await passed.untilAwaited(4, 1);
  passed.pass(3, 7);
  await waiting;
});
