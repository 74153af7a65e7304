import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Response } from 'supertest';
import { ADMIN_TOKEN, startApiUnderTest, type ApiUnderTest } from './api-under-test.js';
import { answerFaults } from './response-checker.js';

interface Shown {
  readonly shard: number;
  readonly position: number;
  readonly stream: string;
  readonly sequence: number;
  readonly type: string;
}

/** A long answer, read bit by bit. */
interface OpenStream {
  readonly response: IncomingMessage;
  text(): string;
  /** Resolves when the text so far fulfils the condition. */
  until(condition: (text: string) => boolean): Promise<string>;
  readonly ended: Promise<void>;
  close(): void;
}

function open(
  under: ApiUnderTest,
  path: string,
  accept: string,
  headers: Record<string, string> = {},
): Promise<OpenStream> {
  return new Promise((resolve, reject) => {
    const options = {
      port: under.server.port,
      path,
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, Accept: accept, ...headers },
    };
    const request = httpRequest(options, (response) => {
      let text = '';
      let check: (() => void) | undefined;
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        check?.();
      });
      response.on('error', () => undefined);
      const ended = new Promise<void>((done) => response.once('close', done));
      resolve({
        response,
        text: () => text,
        until: (condition) =>
          new Promise((done) => {
            check = () => {
              if (condition(text)) done(text);
            };
            check();
          }),
        ended,
        close: () => request.destroy(),
      });
    });
    request.on('error', reject).end();
  });
}

const linesOf = (text: string): Shown[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Shown);
const sseEventsOf = (text: string): { id: string; event: Shown }[] =>
  [...text.matchAll(/^id: (.+)\ndata: (.+)$/gm)].map(([, id, data]) => ({
    id: id!,
    event: JSON.parse(data!) as Shown,
  }));
const keyOf = ({ shard, position }: Shown): string => `${shard}:${position}`;

describe('events of a device', () => {
  let under: ApiUnderTest;
  let times: number[];
  beforeAll(async () => {
    under = await startApiUnderTest();
    await under.admin.post('/api/v1/devices', { id: 'd' });
    for (let n = 0; n < 30; n++) {
      await under.record('device/default/d', n % 3 === 0 ? 'DeviceEventRecorded' : 'TelemetryRecorded', { n });
    }
    // Times as a stream has them: rising, with equal neighbours.
    const rows = under.memory.rows.flat().filter(({ stream }) => stream === 'device/default/d') as {
      recordedAt: number;
    }[];
    rows.forEach((row, index) => (row.recordedAt = 1_700_000_000_000 + Math.floor(index / 2) * 1000));
    under.memory
      .stream('device/default/d')
      .forEach((event, index) => Object.assign(event, { recordedAt: rows[index]!.recordedAt }));
    times = rows.map((row) => row.recordedAt);
  });
  afterAll(() => under.stop());

  const sequences = async (query: string): Promise<number[]> => {
    const found: number[] = [];
    let path: string | undefined = `/api/v1/devices/d/events${query}`;
    while (path !== undefined) {
      const page: Response = await under.admin.get(path);
      expect(page.status).toBe(200);
      found.push(...page.body.items.map((event: Shown) => event.sequence));
      path = /<([^>]+)>; rel="next"/.exec(page.headers['link'] ?? '')?.[1];
    }
    return found;
  };
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index);

  test('come in the order of the stream, page by page, in the form of the contract', async () => {
    expect(await sequences('?limit=7')).toEqual(range(1, 31));
    const page = await under.admin.get('/api/v1/devices/d/events?limit=2');
    expect(answerFaults('/api/v1/devices/{deviceId}/events', 'get', page)).toEqual([]);
    expect(page.body.items[1]).toMatchObject({
      stream: 'device/default/d',
      tenant: 'default',
      device: 'd',
      sequence: 2,
      payload: { n: 0 },
      metadata: { principal: 'device/x' },
      recordedAt: '2023-11-14T22:13:20.000Z',
    });
  });

  test('are cut by sequence, both ends included', async () => {
    expect(await sequences('?from=5&to=9&limit=2')).toEqual(range(5, 9));
    expect(await sequences('?from=40')).toEqual([]);
    expect(await sequences('?to=999')).toEqual(range(1, 31));
  });

  test('are cut by time of recording, both ends included, events of equal time together', async () => {
    const at = (index: number): string => encodeURIComponent(new Date(times[index]!).toISOString());
    expect(await sequences(`?from=${at(4)}`)).toEqual(range(5, 31));
    expect(await sequences(`?from=${at(5)}&to=${at(8)}`)).toEqual(range(5, 10));
    expect(await sequences('?to=2001-01-01T00:00:00Z')).toEqual([]);
    expect(await sequences('?from=2099-01-01T00:00:00Z')).toEqual([]);
  });

  test('are selected by type', async () => {
    expect(await sequences('?types=DeviceEventRecorded&limit=3')).toEqual([2, 5, 8, 11, 14, 17, 20, 23, 26, 29]);
    expect(await sequences('?types=DeviceRegistered,DeviceDeleted')).toEqual([1]);
  });
});

describe('a page of large events', () => {
  let under: ApiUnderTest;
  beforeAll(async () => {
    under = await startApiUnderTest();
    const large = { text: 'x'.repeat(100_000) };
    for (let n = 0; n < 90; n++) await under.record('device/default/big', 'TelemetryRecorded', large);
  });
  afterAll(() => under.stop());

  test.each(['/api/v1/devices/big/events', '/api/v1/events'])(
    'of %s ends early and says where to go on',
    async (path) => {
      const first = await under.admin.get(`${path}?limit=1000`);
      expect(first.body.items).toHaveLength(42);
      const link = /<([^>]+)>; rel="next"/.exec(first.headers['link'] ?? '')?.[1];
      const second = await under.admin.get(link!);
      expect(second.body.items[0].sequence).toBe(43);
    },
  );
});

describe('the journal', () => {
  let under: ApiUnderTest;
  beforeEach(async () => {
    under = await startApiUnderTest({
      limits: { streams: { perPrincipal: 3, perNode: 4, heartbeatMs: 60, stallMs: 500 } },
    });
    for (let n = 0; n < 40; n++) await under.record(`device/default/d${n % 7}`, 'TelemetryRecorded', { n });
    await under.record('device/rival/d1', 'TelemetryRecorded', { canary: 'rival-secret' });
  });
  afterEach(() => under.stop());

  const ours = (): string[] =>
    under.memory.rows
      .flat()
      .filter(({ stream }) => stream.split('/')[1] === 'default')
      .map(keyOf)
      .sort();

  test('is read page by page, every event of the tenant once, in the order of each shard', async () => {
    const seen: Shown[] = [];
    let path: string | undefined = '/api/v1/events?limit=7';
    while (path !== undefined) {
      const page: Response = await under.admin.get(path);
      expect(page.text).not.toContain('rival-secret');
      seen.push(...page.body.items);
      path = /<([^>]+)>; rel="next"/.exec(page.headers['link'] ?? '')?.[1];
    }
    expect(seen.map(keyOf).sort()).toEqual(ours());
    for (const [index, event] of seen.entries()) {
      const before = seen.slice(0, index).filter(({ shard }) => shard === event.shard);
      expect(before.every(({ position }) => position < event.position)).toBe(true);
    }
  });

  test('goes on behind `after` of the last page when there is more', async () => {
    const { body } = await under.admin.get('/api/v1/events?limit=1000');
    expect(body.next).toBeNull();
    const added = await under.record('device/default/d1', 'TelemetryRecorded', { n: 'new' });
    const more = await under.admin.get(`/api/v1/events?after=${body.after}`);
    expect(more.body.items.map(keyOf)).toEqual([keyOf(added)]);
  });

  describe('read backwards', () => {
    const back = async (query: string): Promise<{ seen: Shown[]; first: Response }> => {
      const seen: Shown[] = [];
      let first: Response | undefined;
      let path: string | undefined = `/api/v1/events?before=head&${query}`;
      while (path !== undefined) {
        const page: Response = await under.admin.get(path);
        expect(answerFaults('/api/v1/events', 'get', page)).toEqual([]);
        first ??= page;
        seen.push(...page.body.items);
        path = /<([^>]+)>; rel="next"/.exec(page.headers['link'] ?? '')?.[1];
      }
      return { seen, first: first! };
    };

    test('gives every event of the tenant once, the newest first, and in each shard in its order', async () => {
      const { seen, first } = await back('limit=7');
      expect(seen.map(keyOf).sort()).toEqual(ours());
      for (const [index, event] of seen.entries()) {
        const newer = seen.slice(0, index).filter(({ shard }) => shard === event.shard);
        expect(newer.every(({ position }) => position > event.position)).toBe(true);
      }
      const times = seen.map((event) => Date.parse((event as Shown & { recordedAt: string }).recordedAt));
      expect(times).toEqual([...times].sort((a, b) => b - a));
      // 41 events were recorded, one of them by another tenant: seven seen of seven looked at are reckoned up to all.
      expect(first.body.estimate).toBeGreaterThanOrEqual(35);
    });

    test('goes on forwards behind `after` of its first page, with nothing lost in between', async () => {
      const { first } = await back('limit=3');
      const added = await under.record('device/default/d1', 'TelemetryRecorded', { n: 'new' });
      const more = await under.admin.get(`/api/v1/events?after=${first.body.after}`);
      expect(more.body.items.map(keyOf)).toEqual([keyOf(added)]);
    });

    test('takes stream, shard, time and what stands in the metadata', async () => {
      const all = (await back('limit=1000')).seen as (Shown & { recordedAt: string })[];
      const [middle] = all.slice(20);
      const time = encodeURIComponent(middle!.recordedAt);
      expect((await back(`limit=4&to=${time}`)).seen).toEqual(
        all.filter(({ recordedAt }) => recordedAt <= middle!.recordedAt),
      );
      expect((await back(`limit=4&from=${time}`)).seen).toEqual(
        all.filter(({ recordedAt }) => recordedAt >= middle!.recordedAt),
      );
      const { stream, shard } = middle!;
      expect((await back(`stream=${stream}`)).seen).toEqual(all.filter((event) => event.stream === stream));
      expect((await back(`shard=${shard}&limit=2`)).seen).toEqual(all.filter((event) => event.shard === shard));
      expect((await back('principal=device/x')).seen).toEqual(all);
      expect((await back('principal=device/y')).seen).toEqual([]);
      expect((await back('correlationId=nothing')).first.body.estimate).toBe(0);
      const rival = await under.admin.get('/api/v1/events?before=head&stream=device/rival/d1');
      expect(rival.body.items).toEqual([]);
    });

    test('is refused together with after, for lines, and for a device and a stream at once', async () => {
      for (const query of ['before=head&after=head', 'device=d1&stream=device/default/d1']) {
        const refused = await under.admin.get(`/api/v1/events?${query}`);
        expect([refused.status, refused.body.code]).toEqual([400, 'PARAMETER_INVALID']);
      }
      const lines = await open(under, '/api/v1/events?before=head', 'application/x-ndjson');
      expect(lines.response.statusCode).toBe(400);
      lines.close();
    });
  });

  test('the effects of an event are found by its name, also in CEL, and never by part of it', async () => {
    const effect = await under.record('device/default/d2', 'TelemetryRecorded', { n: 1 }, 'device/default/d1:1');
    await under.record('device/default/d2', 'TelemetryRecorded', { n: 2 }, 'device/default/d1:11');
    const inCel = `filter=${encodeURIComponent('event.causationId == "device/default/d1:1"')}`;
    for (const query of ['causationId=device/default/d1:1', 'causationId=device/default/d1:1&before=head', inCel]) {
      const { body } = await under.admin.get(`/api/v1/events?limit=1000&${query}`);
      expect(body.items.map(keyOf)).toEqual([keyOf(effect)]);
    }
  });

  test('streams as lines every event once up to the heads at the start, shard by shard', async () => {
    const stream = await open(under, '/api/v1/events', 'application/x-ndjson');
    expect(stream.response.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    await stream.ended;
    const seen = linesOf(stream.text());
    expect(seen.map(keyOf).sort()).toEqual(ours());
    expect(seen).toEqual([...seen].sort((a, b) => a.shard - b.shard || a.position - b.position));
  });

  test('takes `after`, `limit`, `device` and `types` for lines too', async () => {
    const read = async (query: string): Promise<Shown[]> => {
      const stream = await open(under, `/api/v1/events?${query}`, 'application/x-ndjson');
      await stream.ended;
      return linesOf(stream.text());
    };
    const all = await read('');
    expect(await read('limit=5')).toEqual(all.slice(0, 5));
    const cut = all[10]!;
    const rest = all.filter((event) => event.shard !== cut.shard || event.position > cut.position);
    expect(await read(`after=${cut.shard}:${cut.position}`)).toEqual(rest);
    expect((await read('device=d3')).every(({ stream }) => stream === 'device/default/d3')).toBe(true);
    expect(await read('device=d3&types=DeviceRegistered')).toEqual([]);
    expect(await read('after=head')).toEqual([]);
  });

  test('follows with lines: what is recorded later comes once, and the stream ends at its limit', async () => {
    const before = ours().length;
    const stream = await open(under, `/api/v1/events?follow=true&limit=${before + 2}`, 'application/x-ndjson');
    await stream.until((text) => linesOf(text.slice(0, text.lastIndexOf('\n') + 1)).length === before);
    const added = [
      await under.record('device/default/d1', 'TelemetryRecorded'),
      await under.record('device/default/d2', 'TelemetryRecorded'),
    ];
    await under.record('device/default/d2', 'TelemetryRecorded');
    await stream.ended;
    expect(linesOf(stream.text()).slice(before).map(keyOf).sort()).toEqual(added.map(keyOf).sort());
  });

  test('sends server-sent events from the newest on, and resumes by Last-Event-ID or after with no gap and no repeat', async () => {
    const first = await open(under, '/api/v1/events', 'text/event-stream');
    expect(first.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    });
    await first.until((text) => /^retry: \d+$/m.test(text));
    const recorded: string[] = [];
    const record = async (n: number): Promise<void> => {
      recorded.push(keyOf(await under.record(`device/default/d${n % 7}`, 'TelemetryRecorded', { n })));
    };
    for (let n = 0; n < 10; n++) await record(n);
    const seen = sseEventsOf(await first.until((text) => sseEventsOf(text).length === 10));
    expect(seen.map(({ event }) => keyOf(event)).sort()).toEqual([...recorded].sort());
    first.close();
    for (let n = 0; n < 5; n++) await record(n);

    const broken = seen[5]!.id;
    const missed = [...recorded].sort();
    for (const [path, headers] of [
      ['/api/v1/events', { 'Last-Event-ID': broken }],
      [`/api/v1/events?after=${broken}`, {}],
    ] as const) {
      const resumed = await open(under, path, 'text/event-stream', headers);
      const rest = sseEventsOf(await resumed.until((text) => sseEventsOf(text).length === recorded.length - 6));
      resumed.close();
      expect([...seen.slice(0, 6), ...rest].map(({ event }) => keyOf(event)).sort()).toEqual(missed);
    }
  });

  test('says first where it begins, so that a line lost before the first event is resumed without a gap', async () => {
    const first = await open(under, '/api/v1/events', 'text/event-stream');
    const text = await first.until((sofar) => /^id: .+$/m.test(sofar));
    first.close();
    const missed = await under.record('device/default/d1', 'TelemetryRecorded', { n: 'missed' });
    const place = /^id: (.+)$/m.exec(text)![1]!;
    const resumed = await open(under, `/api/v1/events?after=${place}`, 'text/event-stream');
    const rest = sseEventsOf(await resumed.until((sofar) => sseEventsOf(sofar).length > 0));
    resumed.close();
    expect(rest.map(({ event }) => keyOf(event))).toEqual([keyOf(missed)]);
  });

  test('sends a comment with the positions while nothing happens, so that a narrow selection resumes near the head', async () => {
    const stream = await open(under, '/api/v1/events?device=d1', 'text/event-stream');
    const other = await under.record('device/default/d2', 'TelemetryRecorded');
    const text = await stream.until(
      (sofar) => sofar.includes(': still here') && sofar.includes(`${other.shard}:${other.position}`),
    );
    expect(sseEventsOf(text)).toEqual([]);
    stream.close();
  });

  test('thins telemetry to the newest of each device when asked, tells how much it left out, and resumes behind it', async () => {
    for (let n = 0; n < 11; n++) {
      await under.record('device/default/paced', n === 5 ? 'DeviceEventRecorded' : 'TelemetryRecorded', { n });
    }
    const path = '/api/v1/events?device=paced&perSecond=1&after=';
    const stream = await open(under, `${path}0:0`, 'text/event-stream');
    const text = await stream.until((sofar) => /^: still here\nid: /m.test(sofar));
    stream.close();
    const numbers = [...text.matchAll(/"payload":\{"n":(\d+)\}/g)].map(([, n]) => Number(n));
    expect(numbers).toEqual([5, 10]);
    expect(text).toContain('event: skipped\ndata: 9\n\n');

    const place = [...text.matchAll(/^id: (.*)$/gm)].at(-1)![1]!;
    const resumed = await open(under, `${path}${place}`, 'text/event-stream');
    await under.record('device/default/paced', 'TelemetryRecorded', { n: 11 });
    const rest = await resumed.until((sofar) => sofar.includes('"n":11'));
    resumed.close();
    expect([...rest.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n))).toEqual([11]);
  });

  test('answers HEAD with the media type and nothing to wait for', async () => {
    for (const Accept of ['text/event-stream', 'application/x-ndjson']) {
      const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, Accept };
      const looked = await fetch(`${under.url}/api/v1/events?follow=true`, { method: 'HEAD', headers });
      expect([looked.status, looked.headers.get('content-type')]).toEqual([200, `${Accept}; charset=utf-8`]);
    }
    expect(under.meter.values.get('fleetlog_sse_clients') ?? 0).toBe(0);
  });

  test('refuses positions that can not be', async () => {
    for (const after of ['99:1', '0:1,0:2', '0:100000']) {
      const refused = await under.admin.get(`/api/v1/events?after=${after}`);
      expect([refused.status, refused.body.code]).toEqual([422, 'CURSOR_INVALID']);
    }
  });

  test('ends the streams of a token when it is revoked', async () => {
    const { id, token } = await under.issueToken('viewer');
    const stream = await open(under, '/api/v1/events', 'text/event-stream', { Authorization: `Bearer ${token}` });
    await under.admin.delete(`/api/v1/tokens/${id}`);
    await under.record('device/default/d1', 'TelemetryRecorded', { canary: 'after-revocation' });
    await stream.ended;
    expect(stream.text()).not.toContain('after-revocation');
  });

  test('limits streams per principal and per node, and frees their places', async () => {
    const streams = [];
    for (let n = 0; n < 3; n++) streams.push(await open(under, '/api/v1/events', 'text/event-stream'));
    const fourth = await open(under, '/api/v1/events', 'text/event-stream');
    expect(fourth.response.statusCode).toBe(429);
    const { token } = await under.issueToken('viewer');
    const asOther = { Authorization: `Bearer ${token}` };
    streams.push(await open(under, '/api/v1/events', 'text/event-stream', asOther));
    const beyond = await open(under, '/api/v1/events', 'text/event-stream', asOther);
    expect([beyond.response.statusCode, beyond.response.headers['retry-after']]).toEqual([503, '2']);
    expect(under.meter.values.get('fleetlog_sse_clients')).toBe(4);
    for (const stream of streams) stream.close();
    for (;;) {
      const again = await open(under, '/api/v1/events', 'text/event-stream');
      const status = again.response.statusCode;
      again.close();
      if (status === 200) break;
    }
  });

  test('I10 a reader that takes nothing holds bounded memory, is cut, and can resume', async () => {
    const large = { text: 'x'.repeat(50_000) };
    for (let n = 0; n < 1000; n++) await under.record('device/default/big', 'TelemetryRecorded', large);
    let read = 0;
    const { journal } = under.memory;
    const readShard = journal.readShard.bind(journal);
    journal.readShard = (shard, after, limit) => {
      read += 1;
      return readShard(shard, after, limit);
    };
    const stream = await open(under, '/api/v1/events?device=big', 'application/x-ndjson');
    stream.response.pause();
    while (under.meter.values.get('fleetlog_sse_clients') !== 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    stream.response.resume();
    await stream.ended;
    // 50 MB wait in ten chunks; the sockets take a few of them, the server holds one.
    expect(read).toBeLessThan(6);
    expect(stream.text().length).toBeLessThan(1000 * 50_000);
  });

  test('a stop ends all streams behind a whole event and resolves', async () => {
    const lines = await open(under, '/api/v1/events?follow=true', 'application/x-ndjson');
    const events = await open(under, '/api/v1/events', 'text/event-stream');
    await lines.until((text) => text.endsWith('\n'));
    await under.server.stop();
    await Promise.all([lines.ended, events.ended]);
    expect(lines.text().endsWith('\n')).toBe(true);
    await expect(under.admin.get('/healthz')).rejects.toThrow(/ECONNREFUSED/);
  });
});
