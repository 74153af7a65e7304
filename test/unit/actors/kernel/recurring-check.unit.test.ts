import { expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRecurringCheck } from '../../../../src/actors/kernel/recurring-check.js';

test('looks are one at a time, a failed one does not end them, and stopping waits for the last one', async () => {
  const seen: string[] = [];
  let number = 0;
  const look = async (isStopped: () => boolean): Promise<void> => {
    const own = (number += 1);
    seen.push(`begin ${own}`);
    await sleep(5);
    seen.push(`end ${own}${isStopped() ? ' stopped' : ''}`);
    if (own === 1) throw new Error('away');
  };
  const failures: unknown[] = [];
  const recurring = startRecurringCheck(look, 3_600_000, (error) => failures.push((error as Error).message));
  await recurring.check();
  void recurring.check();
  await sleep(1);
  await recurring.stop();
  expect(seen).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3 stopped']);
  expect(failures).toEqual(['away']);
});

test('a look comes by itself after each interval', async () => {
  let looks = 0;
  const recurring = startRecurringCheck(
    () => Promise.resolve(void (looks += 1)),
    1,
    () => undefined,
  );
  while (looks < 3) await sleep(1);
  await recurring.stop();
  const then = looks;
  await sleep(5);
  expect(looks).toBe(then);
});
