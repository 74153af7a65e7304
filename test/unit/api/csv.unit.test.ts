import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { csvLine } from '../../../src/api/events/csv.js';
import { ADMIN_TOKEN, startApiUnderTest, type ApiUnderTest } from './api-under-test.js';

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

  test('SEC-88 SEC-153 the audit is one too, and lines of JSON, whole, with an optional limit', async () => {
    const all = (await under.admin.get('/api/v1/audit?limit=250')).body.items;
    const answer = await read('/api/v1/audit?from=2020-01-01T00:00:00Z');
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    const [head, row, ...rest] = answer.text.trimEnd().split('\r\n');
    expect(head).toBe(
      'at,principal,action,kind,id,device,result,address,credential,before,after,requestId,shard,position,stream,sequence',
    );
    expect(1 + rest.length).toBe(all.length);
    const { at, after, requestId, event } = all[0];
    const middle = `system/admin,DeviceRegistered,device,'-1,,done,127.0.0.1,environment,,"${JSON.stringify(after).replaceAll('"', '""')}"`;
    expect(row).toBe(`${at},${middle},${requestId},${event.shard},${event.position},${event.stream},${event.sequence}`);
    const lines = await under.admin.get('/api/v1/audit').accept('application/x-ndjson').buffer(true);
    expect(
      lines.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(all);
    expect((await read('/api/v1/audit?limit=1')).text.trimEnd().split('\r\n')).toHaveLength(2);
    expect((await under.admin.get('/api/v1/audit?limit=251')).body.code).toBe('PARAMETER_INVALID');
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, Accept: 'text/csv' };
    expect((await fetch(`${under.url}/api/v1/audit`, { method: 'HEAD', headers })).status).toBe(200);
    expect((await under.admin.get('/api/v1/audit').accept('text/html')).body.code).toBe('NOT_ACCEPTABLE');
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

describe('an export of the audit', () => {
  test('SEC-75 SEC-153 breaks off when its credential ends: a part is never taken for the whole', async () => {
    const pages: number[] = [];
    let revoke: () => PromiseLike<unknown> = () => Promise.resolve();
    const under: ApiUnderTest = await startApiUnderTest({
      audit: {
        async list({ limit }) {
          pages.push(limit);
          if (pages.length === 2) await revoke();
          const [event] = under.memory.stream('tenant/default');
          return Array.from({ length: pages.length < 5 ? limit : 1 }, () => ({ event: event!, previous: undefined }));
        },
      },
    });
    try {
      const { token, id } = await under.issueToken('admin');
      revoke = () => under.admin.delete(`/api/v1/tokens/${id}`);
      const headers = { Authorization: `Bearer ${token}`, Accept: 'application/x-ndjson' };
      const answer = await fetch(`${under.url}/api/v1/audit`, { headers });
      expect(answer.status).toBe(200);
      await expect(answer.text()).rejects.toThrow();
      expect(pages).toEqual([250, 250]);
    } finally {
      await under.stop();
    }
  });
});
