import { afterEach, expect, test } from '@jest/globals';
import { watchStalls, type StallWatch } from '../../../../src/actors/kernel/stall-watch.js';
import { createMemoryMeter, realClock } from '../../../support/fake-ports.js';
import { until } from '../../../support/until.js';

let watch: StallWatch;
afterEach(() => watch.stop());

function block(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

test('F-05 a stall is told before the timers that came due in it are run', async () => {
  const told: string[] = [];
  const meter = createMemoryMeter();
  watch = watchStalls({ clock: realClock, meter });
  watch.onStall((milliseconds) => void told.push(milliseconds > 900 ? 'stall' : 'short'));
  const timers = [300, 400, 1_000].map((due) => setTimeout(() => void told.push('timer'), due));
  block(1_300);
  await until('all were run', () => told.length === timers.length + 1);
  expect(told).toEqual(['stall', 'timer', 'timer', 'timer']);
  expect(watch.recent()).toBeGreaterThan(900);
  expect(meter.values.get('fleetlog_process_stalls_total')).toBe(1);
});

test('F-05 a busy moment is no stall', async () => {
  const told: number[] = [];
  watch = watchStalls({ clock: realClock, meter: createMemoryMeter() });
  watch.onStall((milliseconds) => void told.push(milliseconds));
  block(100);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(told).toEqual([]);
  expect(watch.recent()).toBeUndefined();
});
