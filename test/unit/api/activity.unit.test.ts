import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import type { Buckets } from '../../../src/actors/kernel/ports/surroundings.js';
import { watchActivity } from '../../../src/api/system/activity.js';
import { quantile, since } from '../../../src/api/system/histogram.js';

const MINUTE = 60_000;
const BUCKETS: Buckets = [
  { le: 0.01, count: 50 },
  { le: 0.1, count: 90 },
  { le: Infinity, count: 100 },
];

describe('quantiles of a histogram', () => {
  test('lie between the bounds of their bucket', () => {
    expect(quantile(BUCKETS, 0.5)).toBeCloseTo(0.01);
    expect(quantile(BUCKETS, 0.7)).toBeCloseTo(0.055);
  });

  test('beyond the last bound are that bound', () => {
    expect(quantile(BUCKETS, 0.99)).toBe(0.1);
  });

  test('count only what was observed between two readings', () => {
    const later = BUCKETS.map(({ le, count }) => ({ le, count: count + (le < 0.05 ? 0 : 10) }));
    expect(since(BUCKETS, later).map(({ count }) => count)).toEqual([0, 10, 10]);
  });
});

describe('activity', () => {
  let now = 1_000_000;
  const heads = [0, 0];
  let gate: Buckets = BUCKETS;
  const start = () =>
    watchActivity({
      journal: { shards: 2, headOf: (shard) => heads[shard] ?? 0 },
      gateBuckets: () => Promise.resolve(gate),
      clock: { now: () => now, monotonic: () => 0 },
    });
  const event = (type: string, device: string, payload: object, tenant = 'default'): RecordedEvent =>
    ({
      stream: `device/${tenant}/${device}`,
      type,
      recordedAt: now,
      payload: Buffer.from(JSON.stringify(payload)),
    }) as unknown as RecordedEvent;
  const rejected = (device: string, tenant?: string) =>
    event('MessageRejected', device, { code: 'PAYLOAD_INVALID', detail: 'must be number', pointer: '/t' }, tenant);

  afterEach(() => void jest.useRealTimers());

  test('counts what the journal grows by each second', async () => {
    jest.useFakeTimers();
    const activity = start();
    heads[0] = 5;
    await jest.advanceTimersByTimeAsync(1000);
    heads[1] = 2;
    await jest.advanceTimersByTimeAsync(1000);
    expect(activity.read('default').events).toEqual([5, 2]);
    activity.stop();
  });

  test('tells the commit gate of what was published since', async () => {
    jest.useFakeTimers();
    const activity = start();
    await jest.advanceTimersByTimeAsync(100);
    expect(activity.read('default').commitGate).toBeNull();
    gate = BUCKETS.map(({ le, count }) => ({ le, count: count + 100 }));
    await jest.advanceTimersByTimeAsync(5000);
    expect(activity.read('default').commitGate).toMatchObject({ publishes: 100 });
    activity.stop();
  });

  test('names the devices whose messages are refused, and forgets them after five minutes', async () => {
    const activity = start();
    await activity.subscriber.handle(0, [rejected('pump-7'), rejected('pump-7'), rejected('pump-8')]);
    expect(activity.read('default').rejections).toMatchObject([
      { device: 'pump-7', count: 2, code: 'PAYLOAD_INVALID', pointer: '/t' },
      { device: 'pump-8', count: 1 },
    ]);
    now += 6 * MINUTE;
    expect(activity.read('default').rejections).toEqual([]);
    await activity.subscriber.handle(0, [rejected('pump-7')]);
    expect(activity.read('default').rejections).toMatchObject([{ device: 'pump-7', count: 1 }]);
    activity.stop();
  });

  test('counts in a series that goes on only what was refused in the last five minutes', async () => {
    const activity = start();
    for (let minute = 0; minute < 12; minute++) {
      await activity.subscriber.handle(0, [rejected('pump-5')]);
      now += MINUTE;
    }
    now -= MINUTE; // at the time of the last one
    const [told] = activity.read('default').rejections;
    expect(told).toMatchObject({ device: 'pump-5', firstAt: now - 11 * MINUTE, lastAt: now });
    expect([5, 6]).toContain(told!.count);
    activity.stop();
  });

  test('SEC-71 tells a tenant nothing of another', async () => {
    const activity = start();
    await activity.subscriber.handle(0, [rejected('pump-7', 'other')]);
    expect(activity.read('default').rejections).toEqual([]);
    activity.stop();
  });

  test('SEC-07 two devices with one certificate show as taken over, with the addresses of both, and nobody else does', async () => {
    const activity = start();
    const ended = event('DeviceDisconnected', 'pump-7', { sessionEpoch: 1, reason: 'TAKEN_OVER' });
    const connected = (address: string, device = 'pump-7') => event('DeviceConnected', device, { address });
    const handle = (...events: RecordedEvent[]) => activity.subscriber.handle(0, events);
    await handle(connected('10.0.0.1'), connected('10.0.0.9', 'pump-8'));
    await handle(event('DeviceDisconnected', 'pump-8', { sessionEpoch: 1, reason: 'CONNECTION_LOST' }));
    await handle(connected('10.0.0.9', 'pump-8'));
    await handle(ended, connected('10.0.0.2'));
    await handle(ended, connected('10.0.0.1'), ended, connected('10.0.0.2'));
    expect(activity.read('default').takenOver).toMatchObject([
      { device: 'pump-7', count: 3, addresses: ['10.0.0.2', '10.0.0.1'] },
    ]);
    expect(activity.ofDevice('default', 'pump-7').takenOver).toMatchObject({ count: 3 });
    expect(activity.ofDevice('default', 'pump-8').takenOver).toBeUndefined();
    now += 6 * MINUTE;
    expect(activity.ofDevice('default', 'pump-7').takenOver).toBeUndefined();
    activity.stop();
  });

  test('counts connects per second', async () => {
    jest.useFakeTimers();
    const activity = start();
    await activity.subscriber.handle(0, [event('DeviceConnected', 'a', {}), event('DeviceConnected', 'b', {})]);
    await jest.advanceTimersByTimeAsync(2000);
    expect(activity.read('default').connects).toEqual([2, 0]);
    activity.stop();
  });

  test('counts devices whose connections were lost together, not those that ended them in order or are back', async () => {
    const activity = start();
    const ended = (device: string, reason: string) => event('DeviceDisconnected', device, { sessionEpoch: 1, reason });
    await activity.subscriber.handle(0, [
      ended('pump-7', 'KEEP_ALIVE_TIMEOUT'),
      ended('pump-8', 'KEEP_ALIVE_TIMEOUT'),
      ended('pump-9', 'CLIENT_DISCONNECT'),
      ended('pump-10', 'KEEP_ALIVE_TIMEOUT'),
      event('DeviceConnected', 'pump-10', { address: '10.0.0.1' }),
    ]);
    expect(activity.read('default').disconnections).toMatchObject([
      { reason: 'KEEP_ALIVE_TIMEOUT', count: 2, devices: ['pump-7', 'pump-8'] },
    ]);
    activity.stop();
  });
});
