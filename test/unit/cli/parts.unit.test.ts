import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { duration, since } from '../../../src/api/cli/arguments.js';
import { csvCells, csvLine } from '../../../src/api/cli/csv.js';
import { describeWork } from '../../../src/api/cli/progress.js';
import { elementTexts, memberTexts } from '../../../src/api/cli/raw-json.js';

describe('JSON cut into parts', () => {
  test('gives back each part as it was spelt', () => {
    const members = memberTexts('{"a": 1.0 ,"b\\"c":{"x":[1,{"y":"},"}]},"d":"\\\\"}');
    expect([...members]).toEqual([
      ['a', '1.0'],
      ['b"c', '{"x":[1,{"y":"},"}]}'],
      ['d', '"\\\\"'],
    ]);
    expect(elementTexts(' [ {"a":1e2}, "x,y" ,[]] ')).toEqual(['{"a":1e2}', '"x,y"', '[]']);
    expect([elementTexts('[]'), memberTexts('{}').size]).toEqual([[], 0]);
  });

  test('agrees with JSON.parse on anything', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1), (value, indent) => {
        const json = JSON.stringify(value, undefined, indent);
        const cut = Object.fromEntries([...memberTexts(json)].map(([name, text]) => [name, JSON.parse(text)]));
        expect(cut).toEqual(JSON.parse(json));
        const list = Object.values(value);
        expect(elementTexts(JSON.stringify(list, undefined, indent)).map((text) => JSON.parse(text))).toEqual(
          JSON.parse(JSON.stringify(list)),
        );
      }),
    );
  });
});

describe('CSV', () => {
  test('quotes what RFC 4180 asks for, and gives full precision', () => {
    const row = { a: 'x,y', b: 'say "hi"', c: 'two\nlines', d: null, e: 0.1, f: true, g: ['h'] };
    expect(csvLine(row, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'none'])).toBe(
      '"x,y","say ""hi""","two\nlines",,0.1,true,"[""h""]",',
    );
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx'])('SEC-88 %j is no formula in a spreadsheet', (text) => {
    expect(csvCells([text])).toMatch(/^"?'/);
  });

  test('SEC-88 numbers stay numbers', () => {
    expect(csvCells([-1.5, 3])).toBe('-1.5,3');
  });
});

describe('how far work is', () => {
  test.each([
    [{ done: 1_204, total: 9_000, unit: 'events' }, 2, '1,204 of 9,000 events, 602/s, 13 s left'],
    [{ done: 12, unit: 'records', detail: '3 connected' }, 4, '12 records, 3/s, 3 connected'],
    [{ done: 0, total: 5, unit: 'events' }, 3, '0 of 5 events'],
    [{ done: 5, total: 5, unit: 'events' }, 0.1, '5 of 5 events'],
    [{ done: 10, total: 100_000, unit: 'events' }, 10, '10 of 100,000 events, 1/s, 28 h left'],
  ])('%j after %i s reads %j', (work, seconds, text) => {
    expect(describeWork(work, seconds)).toBe(text);
  });
});

describe('durations', () => {
  test.each([
    ['30s', 30_000],
    ['10m', 600_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
  ])('%s is %i ms', (text, ms) => {
    expect(duration(text)).toBe(ms);
    expect(Math.abs(Date.now() - ms - Date.parse(since(text)))).toBeLessThan(5_000);
  });

  test.each(['10', 'm', '-1m', '10 m', '0s'])('%j is none', (text) => {
    expect(() => duration(text)).toThrow('As in 30s');
  });
});
