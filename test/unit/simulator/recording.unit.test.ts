import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { demoFleet, madeUpFleet, weatherStations } from '../../../src/edge/simulator/fleet.js';
import { loadRecording, readRecording, type Observation } from '../../../src/edge/simulator/recording.js';

const ROWS = 1_461;
const RECORDINGS = join(import.meta.dirname, '../../../src/edge/simulator/recordings');
const MAPPING = { series: 'place', day: 'date', metrics: { wind: { column: 'speed', type: 'number' } } } as const;

const weather = await loadRecording('weather');
const numbers = (series: readonly Observation[], metric: string): number[] => series.map((row) => Number(row[metric]));

describe('the recorded weather', () => {
  test('is the file that its README names, unchanged', async () => {
    const [csv, readme] = await Promise.all([
      readFile(join(RECORDINGS, 'weather.csv')),
      readFile(join(RECORDINGS, 'README.md'), 'utf8'),
    ]);
    expect(readme).toContain(createHash('sha256').update(csv).digest('hex'));
  });

  test.each([
    { location: 'Seattle', lowest: -7.1, highest: 35.6 },
    { location: 'New York', lowest: -16.0, highest: 37.8 },
  ])('of $location has 1,461 days from $lowest to $highest °C', ({ location, lowest, highest }) => {
    const series = weather.series(location, 2012);
    expect(series).toHaveLength(ROWS);
    expect(Math.min(...numbers(series, 'temperatureMin'))).toBe(lowest);
    expect(Math.max(...numbers(series, 'temperatureMax'))).toBe(highest);
    expect(series[0]).toMatchObject({ day: '2012-01-01' });
    expect(series.at(-1)).toMatchObject({ day: '2015-12-31' });
  });

  test('gives each day as the metrics of the mapping, in their order and with their types', () => {
    expect(JSON.stringify(weather.series('Seattle', 2012)[0])).toBe(
      '{"temperatureMax":12.8,"temperatureMin":5,"wind":4.7,"condition":"drizzle","day":"2012-01-01"}',
    );
  });

  test('begins in the year asked for and goes round over every day once', () => {
    const series = weather.series('New York', 2014);
    const days = series.map(({ day }) => day);
    expect(days[0]).toBe('2014-01-01');
    expect(days.indexOf('2012-01-01')).toBe(days.indexOf('2015-12-31') + 1);
    expect(days.at(-1)).toBe('2013-12-31');
    expect(new Set(days).size).toBe(ROWS);
  });

  test('of a place or a year that was not recorded is an error', () => {
    expect(() => weather.series('Paris', 2012)).toThrow('Paris');
    expect(() => weather.series('Seattle', 2011)).toThrow('2011');
  });
});

describe('a recording', () => {
  const read = (...lines: string[]): (() => unknown) => {
    return () => readRecording('test', ['place,date,speed', ...lines].join('\n'), MAPPING);
  };

  test.each([
    ['a row with too few fields', 'A,2012-01-01', 'line 2'],
    ['an empty field', 'A,2012-01-01,', 'line 2: no speed'],
    ['a text where a number belongs', 'A,2012-01-01,fast', 'line 2: speed is no number'],
    ['a quoted field', 'A,"2012-01-01",1', 'line 2'],
  ])('with %s is refused, and the line named', (_name, line, message) => {
    expect(read(line)).toThrow(message);
  });

  test('whose days of one place do not ascend is refused', () => {
    expect(read('A,2012-01-02,1', 'B,2012-01-01,1', 'A,2012-01-02,1')).toThrow('line 4: the days of A do not ascend');
  });
});

describe('the fleet', () => {
  test('of the demo has eight stations, a spare device and one that is faulty on purpose', () => {
    const fleet = demoFleet(weather);
    const years = [2012, 2013, 2014, 2015];
    expect(fleet.map(({ registration }) => registration.id)).toEqual([
      ...years.map((year) => `seattle-${year}`),
      ...years.map((year) => `newyork-${year}`),
      'spare-01',
      'flaky-01',
    ]);
    expect(fleet.find(({ registration }) => registration.id === 'spare-01')?.source).toBeUndefined();
    expect(fleet.at(-1)).toMatchObject({
      registration: { tags: ['faulty-on-purpose'] },
      flaws: { brokenPayloadEvery: 20, clockAheadMs: 90_000 },
    });
  });

  test('sends each station from its own year and starts over behind the last day', () => {
    for (const { registration, source } of weatherStations(weather)) {
      expect(registration.type).toBe('weather-station');
      expect(source?.at(0).day).toBe(`${registration.id.slice(-4)}-01-01`);
      expect(source?.historyLength).toBe(ROWS);
      expect(source?.at(ROWS)).toEqual(source?.at(0));
    }
  });

  test('with made-up values repeats them with its seed, and no two devices measure the same', () => {
    const measure = (seed: number): unknown[] =>
      madeUpFleet({ devices: 3, seed }).map(({ source }) => [0, 1, 2].map((index) => source?.at(index)));
    expect(measure(42)).toEqual(measure(42));
    expect(measure(42)).not.toEqual(measure(43));
    expect(new Set(measure(42).map((values) => JSON.stringify(values))).size).toBe(3);
  });
});
