import { afterEach, expect, test } from '@jest/globals';
import { watchStalls, type StallWatch } from '../../../../src/actors/kernel/stall-watch.js';
import { createMemoryMeter, realClock } from '../../../support/fake-ports.js';
import { until } from '../../../support/until.js';

let watch: StallWatch;
afterEach(() => watch.stop());

function block(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

test('F-05 whatever timer is run first after a stall, it knows of it or everybody was told', async () => {
  const told: number[] = [];
  const meter = createMemoryMeter();
  watch = watchStalls({ clock: realClock, meter });
  watch.onStall((milliseconds) => void told.push(milliseconds));
  const known: boolean[] = [];
  for (const due of [20, 300, 1_000]) setTimeout(() => void known.push(watch.hasStalled() || told.length > 0), due);
  block(1_300);
  await until('all were run', () => known.length === 3 && told.length === 1);
  expect(known).toEqual([true, true, true]);
  expect(told[0]).toBeGreaterThan(900);
  expect(watch.recent()).toBe(told[0]);
  expect(watch.hasStalled()).toBe(false);
  expect(meter.values.get('fleetlog_process_stalls_total')).toBe(1);
});

test('F-05 a busy moment is no stall', () => {
  const told: number[] = [];
  watch = watchStalls({ clock: realClock, meter: createMemoryMeter() });
  watch.onStall((milliseconds) => void told.push(milliseconds));
  block(100);
  expect(watch.hasStalled()).toBe(false);
  expect(watch.recent()).toBeUndefined();
  expect(told).toEqual([]);
});
