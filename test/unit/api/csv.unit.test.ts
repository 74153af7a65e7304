import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { csvLine } from '../../../src/api/events/csv.js';
import { startApiUnderTest, type ApiUnderTest } from './api-under-test.js';

describe('CSV', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '=HYPERLINK("http://x")'])(
    'SEC-88 the text %j is no formula to a spreadsheet',
    (text) => {
      const cell = csvLine([text]).replace(/^"/, '');
      expect(cell.startsWith(`'${text[0]!}`)).toBe(true);
    },
  );

  test('SEC-88 numbers stay numbers, and quotes, commas and line breaks stay in their cell', () => {
    expect(csvLine([-1.5, 'a"b,c\nd', null, 'plain'])).toBe('-1.5,"a""b,c\nd",,plain\r\n');
  });
});

describe('events as CSV', () => {
  let under: ApiUnderTest;
  beforeAll(async () => {
    under = await startApiUnderTest();
    await under.admin.post('/api/v1/devices', { id: '-1', name: '=cmd|calc' });
    for (let n = 0; n < 3; n += 1) await under.record('device/default/-1', 'DeviceEventRecorded', { n });
  });
  afterAll(() => under.stop());
  const read = (path: string) => under.admin.get(path).accept('text/csv').buffer(true);

  test('SEC-88 are a table with a head, one event a row, whose texts are no formulas', async () => {
    const answer = await read('/api/v1/events?device=-1');
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    const [head, ...rows] = answer.text.trimEnd().split('\r\n');
    expect(head).toBe(
      'shard,position,stream,sequence,type,schemaVersion,occurredAt,recordedAt,tenant,device,payload,metadata',
    );
    expect(rows).toHaveLength(4);
    for (const row of rows) {
      expect(row).toContain(',default,\'-1,"{');
      expect(row).not.toMatch(/(^|,)"?[=+@-]/);
    }
  });

  test('of one device come in pages, the next one named in Link', async () => {
    const first = await read('/api/v1/devices/-1/events?limit=3');
    expect(first.text.trimEnd().split('\r\n')).toHaveLength(4);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers['link'] as string)![1]!;
    const second = await read(next);
    expect(second.text.trimEnd().split('\r\n')).toHaveLength(2);
    expect(second.text).toContain('""n"":2');
  });
});
