import { describe, expect, test } from '@jest/globals';
import type { JournalEvent } from '../../../src/api/dashboard/data/live.js';
import { joined, withEvents, type MetricPoints } from '../../../src/api/dashboard/pages/device/telemetry-columns.js';

const points = (metric: string, at: readonly number[]): MetricPoints => ({
  metric,
  at,
  values: at.map((time) => time / 1000),
});
const recorded = (at: number, values: object): JournalEvent =>
  ({
    type: 'TelemetryRecorded',
    recordedAt: new Date(at).toISOString(),
    payload: { values },
  }) as unknown as JournalEvent;

describe('columns of a chart', () => {
  test('stand on one time axis, each metric with its own points', () => {
    const { times, series } = joined([points('a', [1000, 2000, 3000]), points('b', [2000, 3000])], null);
    expect(times).toEqual([1, 2, 3]);
    expect(series.map(({ name }) => name)).toEqual(['a', 'b']);
    // Left out, not null: b has no point there, which is no gap.
    expect(series[1]!.values).toEqual([undefined, 2, 3]);
  });

  test('a metric that was silent for much longer than usual has a gap', () => {
    const { times, series } = joined([points('a', [1000, 2000, 3000, 60_000, 61_000])], null);
    expect(times).toEqual([1, 2, 3, 3.001, 60, 61]);
    expect(series[0]!.values).toEqual([1, 2, 3, null, 60, 61]);
  });

  test('events are added behind the newest point, and what has left the range falls away', () => {
    const [known] = withEvents(
      [points('a', [1000, 2000])],
      [recorded(2000, { a: 9 }), recorded(3000, { a: 3, b: 1 })],
      1500,
    );
    expect(known).toMatchObject({ metric: 'a', at: [2000, 3000], values: [2, 3] });
  });

  test('text is not drawn', () => {
    expect(withEvents([points('a', [1000])], [recorded(2000, { a: 'rain' })], 0)[0]!.at).toEqual([1000]);
  });
});
