import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EncodedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { ADMIN_TOKEN, startApiUnderTest, type ApiUnderTest } from './api-under-test.js';

/** Later than the device's registration, which the journal dates by the real clock. */
const NOON = Date.UTC(2099, 0, 1, 12);
const MINUTE = 60_000;

describe('telemetry', () => {
  let under: ApiUnderTest;

  beforeEach(async () => {
    under = await startApiUnderTest();
    await under.admin.post('/api/v1/devices', { id: 'd1' });
  });
  afterEach(() => under.stop());

  /** Journals points at times of recording of their own. */
  async function record(
    points: readonly { values: object; recordedAt: number; ts?: number }[],
    type = 'TelemetryRecorded',
  ) {
    const { journal } = under.memory;
    const stream = 'device/default/d1';
    const known = under.memory.stream(stream).length;
    const events = points.map(({ values, recordedAt, ts = recordedAt }): EncodedEvent => ({
      ...{ type, schemaVersion: 1, occurredAt: ts, metadata: Buffer.from(`{"hash":"${recordedAt}"}`) },
      payload: Buffer.from(JSON.stringify({ values, ts })),
    }));
    const shard = journal.shardOf(stream);
    await journal.append({ stream, epoch: journal.epochOf(shard), firstSequence: known + 1, events });
    under.memory.rows[shard]!.filter((row) => row.stream === stream && row.sequence > known).forEach((row, index) =>
      Object.assign(row, { recordedAt: points[index]!.recordedAt }),
    );
  }
  const get = (query: string) => under.admin.get(`/api/v1/devices/d1/telemetry?${query}`);
  const range = `from=${NOON}&to=${NOON + 10 * MINUTE}`;

  test('few points are answered as they are, in order, with both times', async () => {
    await record([
      { values: { a: 1, mode: 'eco' }, recordedAt: NOON + 1_000 },
      { values: { a: 2 }, recordedAt: NOON + 2_000, ts: NOON + 1_990 },
      { values: { a: 3 }, recordedAt: NOON + 11 * MINUTE },
    ]);
    const { body } = await get(`metrics=a,mode&time=server&${range}`);
    expect(body).toMatchObject({ device: 'd1', every: null, time: 'server' });
    expect(body.series).toEqual([
      { metric: 'a', at: [NOON + 1_000, NOON + 2_000], value: [1, 2], skew: [0, -10] },
      { metric: 'mode', at: [NOON + 1_000], value: ['eco'], skew: [0] },
    ]);
  });

  test('buckets are whole and begin at multiples of their length; without metrics all that can be drawn is', async () => {
    await record([
      { values: { a: 1, on: true, mode: 'eco' }, recordedAt: NOON + 1_000 },
      { values: { a: 3, on: false, mode: 'eco' }, recordedAt: NOON + 59_000 },
      { values: { a: 7, on: true }, recordedAt: NOON + 61_000 },
    ]);
    const { body } = await get(`every=60&aggregate=avg,last,count&from=${NOON + 30_000}&to=${NOON + 61_000}`);
    expect(body.series).toEqual([
      { metric: 'a', at: [NOON, NOON + MINUTE], avg: [2, 7], last: [3, 7], count: [2, 1] },
      { metric: 'on', at: [NOON, NOON + MINUTE], avg: [0.5, 1], last: [0, 1], count: [2, 1] },
    ]);
  });

  test('buckets of less than a minute are made of the events', async () => {
    await record([0, 4_000, 5_000, 9_000].map((offset) => ({ values: { a: offset }, recordedAt: NOON + offset })));
    const { body } = await get(`every=5&aggregate=avg,min,max,sum,count,first,last&${range}`);
    expect(body.series).toEqual([
      {
        ...{ metric: 'a', at: [NOON, NOON + 5_000], avg: [2_000, 7_000], min: [0, 5_000], max: [4_000, 9_000] },
        ...{ sum: [4_000, 14_000], count: [2, 2], first: [0, 5_000], last: [4_000, 9_000] },
      },
    ]);
  });

  test('what a device sends late stands where it was measured, while its clock is right', async () => {
    const late = [3, 2, 1].map((minutes) => ({
      ...{ values: { a: minutes }, recordedAt: NOON + 5 * MINUTE, ts: NOON + 5 * MINUTE - minutes * MINUTE },
    }));
    await record([...late, { values: { a: 0 }, recordedAt: NOON + 6 * MINUTE }]);
    const { body } = await get(`metrics=a&${range}`);
    expect(body).toMatchObject({ time: 'device', skewMs: 0 });
    expect(body.series[0].at.map((at: number) => (at - NOON) / MINUTE)).toEqual([2, 3, 4, 6]);
  });

  test('a clock that is wrong by more than 2 s leaves the chart to the server, and the skew is told', async () => {
    await record([1, 2].map((n) => ({ values: { a: n }, recordedAt: NOON + n, ts: NOON + n + 90_000 })));
    const { body } = await get(`metrics=a&${range}`);
    expect(body).toMatchObject({ time: 'server', skewMs: 90_000, series: [{ at: [NOON + 1, NOON + 2] }] });
    const byDevice = await get(`metrics=a&time=device&${range}`);
    expect(byDevice.body.series[0].at).toEqual([NOON + 90_001, NOON + 90_002]);
  });

  test('a chart beyond the limit is refused, and what is offered is answered', async () => {
    const wide = `metrics=a&from=${NOON - 90 * 86_400_000}&to=${NOON}`;
    const refused = await get(`every=60&${wide}`);
    expect(refused.status).toBe(422);
    expect(refused.body).toMatchObject({ code: 'CHART_TOO_LARGE', offered: { every: 900 } });
    expect((await get(`every=${refused.body.offered.every}&${wide}`)).status).toBe(200);
  });

  test('too many events for short buckets are refused with longer ones', async () => {
    await record(Array.from({ length: 11_000 }, (_, n) => ({ values: { a: n }, recordedAt: NOON + n })));
    expect((await get(`every=1&${range}`)).body).toMatchObject({ code: 'CHART_TOO_LARGE', offered: { every: 60 } });
    expect((await get(range)).body).toMatchObject({ every: 60 });
  });

  test('the answer says from where the events go on', async () => {
    await record([{ values: { a: 1 }, recordedAt: NOON }]);
    const { body } = await get(range);
    await record([{ values: { a: 2 }, recordedAt: NOON + 1_000 }]);
    const events = await under.admin.get(`/api/v1/events?device=d1&after=${body.after}`);
    expect(events.body.items.map((event: { payload: object }) => event.payload)).toMatchObject([{ values: { a: 2 } }]);
  });

  test('the latest values are there with both times; a deleted device keeps them', async () => {
    await record([{ values: { a: 1, mode: 'eco' }, recordedAt: NOON, ts: NOON - 5_000 }]);
    await under.admin.delete('/api/v1/devices/d1');
    const { status, body } = await under.admin.get('/api/v1/devices/d1/telemetry/latest');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      skewMs: -5_000,
      items: [
        { metric: 'a', value: 1, measuredAt: '2099-01-01T11:59:55.000Z', recordedAt: '2099-01-01T12:00:00.000Z' },
        { metric: 'mode', value: 'eco' },
      ],
    });
  });

  test('an unknown device, a turned range and a strange aggregate are refused', async () => {
    expect((await under.as(ADMIN_TOKEN).get('/api/v1/devices/none/telemetry')).status).toBe(404);
    expect((await get(`from=${NOON}&to=${NOON - 1}`)).body.code).toBe('PARAMETER_INVALID');
    expect((await get('aggregate=avg,median')).body.code).toBe('PARAMETER_INVALID');
    expect((await get('from=yesterday')).body.code).toBe('PARAMETER_INVALID');
  });
});
