import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startApiUnderTest, type ApiUnderTest } from './api-under-test.js';

let under: ApiUnderTest;
beforeEach(async () => {
  under = await startApiUnderTest();
  for (const [id, type, tags] of [
    ['d1', 'pump', ['hall-1']],
    ['d2', 'pump', ['hall-2']],
    ['d3', 'fan', ['hall-2']],
    ['d4', 'pump', ['hall-2']],
  ] as const) {
    await under.admin.post('/api/v1/devices', { id, type, tags });
  }
});
afterEach(() => under.stop());

const devices = (filter: string, rest = '') =>
  under.admin.get(`/api/v1/devices?filter=${encodeURIComponent(filter)}${rest}`);
const events = (filter: string) => under.admin.get(`/api/v1/events?filter=${encodeURIComponent(filter)}`);
const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map(({ id }) => id);

test('a filter chooses devices, page by page', async () => {
  const filter = 'device.type == "pump" && "hall-2" in device.tags';
  expect(ids(await devices(filter))).toEqual(['d2', 'd4']);
  const first = await devices(filter, '&limit=1');
  expect(ids(first)).toEqual(['d2']);
  const second = await devices(filter, `&limit=1&cursor=${first.body.next}`);
  expect([ids(second), second.body.next]).toEqual([['d4'], null]);
});

test('a cursor of another filter is refused', async () => {
  const { body } = await devices('device.type == "pump"', '&limit=1');
  const other = await devices('device.type == "fan"', `&limit=1&cursor=${body.next}`);
  expect([other.status, other.body.code]).toEqual([422, 'CURSOR_INVALID']);
  expect(other.body.errors[0].pointer).toBe('cursor');
});

test('a filter chooses events by what is in them', async () => {
  await under.record('device/default/d1', 'TelemetryRecorded', { values: { temperature: 31 }, ts: 1 });
  await under.record('device/default/d2', 'TelemetryRecorded', { values: { temperature: 29 }, ts: 1 });
  const { body } = await events('event.payload.values.temperature > 30.0');
  expect(body.items.map(({ device }: { device: string }) => device)).toEqual(['d1']);
  const registered = await events('event.device == "d3" && event.principal.startsWith("system/")');
  expect(registered.body.items).toHaveLength(1);
});

test('a filter that can not be evaluated is refused with what is wrong', async () => {
  const { status, body } = await devices('device.tipe == "pump"');
  expect([status, body.code, body.detail]).toEqual([
    422,
    'FILTER_INVALID',
    'There is no device.tipe; did you mean device.type? (column 8)',
  ]);
  expect((await events('event.type.matches("a")')).body).toMatchObject({
    code: 'FILTER_INVALID',
    errors: [{ pointer: 'filter' }],
  });
});
