import { describe, expect, test } from '@jest/globals';
import { chartCsv } from '../../../src/api/dashboard/pages/device/chart-csv.js';
import { ownRange, readRange } from '../../../src/api/dashboard/pages/device/chart-range.js';

describe('the file of a chart', () => {
  test('has a row for each time and a column for each line, with least and greatest where there are buckets', () => {
    const band = { min: [1, null], max: [3, null] };
    expect(chartCsv([0, 60.5], [{ name: 'wind', values: [2, null], band }])).toBe(
      'time,wind,wind min,wind max\r\n1970-01-01T00:00:00.000Z,2,1,3\r\n1970-01-01T00:01:00.500Z,,,\r\n',
    );
  });

  test('SEC-88 holds no formula, whatever a device calls its metrics', () => {
    const [head] = chartCsv([], [{ name: '=HYPERLINK("http://x","y")', values: [] }]).split('\r\n');
    expect(head).toBe(`time,"'=HYPERLINK(""http://x"",""y"")"`);
  });
});

describe('the range of a chart', () => {
  test('is what the address says, and the last 15 minutes where it says nothing that can be read', () => {
    expect(readRange({})).toEqual({ range: '15m', own: undefined, follows: true });
    expect(readRange({ range: '90d' })).toEqual({ range: '90d', own: undefined, follows: false });
    expect(readRange({ range: 'toString', zoom: '9-1' })).toEqual({ range: '15m', own: undefined, follows: true });
    expect(readRange({ zoom: ownRange(1000.4, 2000) })).toEqual({ range: '15m', own: [1000, 2000], follows: false });
  });
});
