import { describe, expect, test } from '@jest/globals';
import { createRecentSeries, RECENT_MS } from '../../../../src/actors/kernel/recent-series.js';

describe('recent series', () => {
  test('count what fell into the last five minutes, and tell the last detail and the begin of the series', () => {
    const series = createRecentSeries<{ code: string }>(10);
    for (let second = 0; second < 600; second += 10) series.note('a', second * 1000, () => ({ code: `c${second}` }));
    const told = series.of('a', 590_000)!;
    expect(told).toMatchObject({ code: 'c590', firstAt: 0, lastAt: 590_000 });
    expect([30, 31]).toContain(told.count);
  });

  test('end with a pause of five minutes', () => {
    const series = createRecentSeries<{ seen: number }>(10);
    const note = (at: number) => series.note('a', at, (before) => ({ seen: (before?.seen ?? 0) + 1 }));
    note(0);
    note(1000);
    expect(series.of('a', 1000)).toMatchObject({ seen: 2, count: 2 });
    expect(series.of('a', RECENT_MS + 1001)).toBeUndefined();
    note(RECENT_MS + 1001);
    expect(series.of('a', RECENT_MS + 1001)).toMatchObject({ seen: 1, count: 1, firstAt: RECENT_MS + 1001 });
  });

  test('forget the one that was quiet for longest when there are too many', () => {
    const series = createRecentSeries<{ n: number }>(3);
    for (const [n, key] of ['a', 'b', 'a', 'c', 'd'].entries()) series.note(key, n, () => ({ n }));
    expect(series.all(10).map(({ n }) => n)).toEqual([2, 3, 4]);
    expect(series.has('b')).toBe(false);
  });
});
