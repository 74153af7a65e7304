import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { deviceCodec } from '../../../src/actors/device/codec.js';
import { deviceStream, type TelemetryValue } from '../../../src/actors/device/events.js';
import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { AGGREGATES, type TelemetryHistory } from '../../../src/actors/kernel/ports/telemetry-history.js';
import { openDatabase, type Database } from '../../../src/persistence/database.js';
import { createTelemetryHistory } from '../../../src/persistence/projections/telemetry-history.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { createScannedTelemetry } from '../../support/scanned-telemetry.js';
import { seededRandom } from '../../support/seeded-random.js';

const NOON = Date.UTC(2026, 0, 1, 12);

/** Shard 0 of a journal, in memory. */
function createShard() {
  const events: RecordedEvent[] = [];
  return {
    events,
    record: (
      device: string,
      values: Readonly<Record<string, TelemetryValue>>,
      recordedAt: number,
      ts = recordedAt,
      tenant = 'default',
    ) => {
      const stream = deviceStream(tenant, device);
      const sequence = events.filter((event) => event.stream === stream).length + 1;
      events.push({
        ...{ shard: 0, position: events.length + 1, stream, sequence, type: 'TelemetryRecorded', schemaVersion: 1 },
        ...{ occurredAt: ts, recordedAt, metadata: Buffer.from('{}') },
        payload: Buffer.from(JSON.stringify({ values, ts })),
      });
    },
  };
}

describe('telemetry history', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let shard: ReturnType<typeof createShard>;
  const started: { stop(): Promise<void> }[] = [];

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = await openDatabase({ url: testDatabase.url, log: createSilentLogger() });
  });
  beforeEach(() => {
    shard = createShard();
  });
  afterEach(async () => {
    for (const telemetry of started.splice(0)) await telemetry.stop().catch(() => undefined);
    await testDatabase.query(
      "truncate telemetry_series, telemetry_rollup; delete from subscription_checkpoint where subscription = 'telemetry'",
    );
  });
  afterAll(async () => {
    await database.stop();
    await testDatabase.drop();
  });

  function start(given: Pick<Database, 'pool'> = database) {
    const telemetry = createTelemetryHistory({
      database: given,
      journal: { shardOf: () => 0 },
      decode: ({ type, schemaVersion, payload, occurredAt }) =>
        deviceCodec.decode(type, schemaVersion, payload, occurredAt),
      streamOf: deviceStream,
    });
    started.push(telemetry);
    return telemetry;
  }

  /** Hands over what is not handled, `size` events at a time, as the subscription does. */
  async function follow({ subscriber }: ReturnType<typeof start>, size = 500): Promise<void> {
    let position = await subscriber.checkpoint(0);
    while (position < shard.events.length) {
      const events = shard.events.slice(position, position + size);
      await subscriber.handle(0, events);
      position += events.length;
    }
  }

  const everything = async (history: TelemetryHistory, device: string) => {
    const query = { tenant: 'default', device, metrics: ['a', 'b'], from: NOON - 7_200_000, to: NOON + 7_200_000 };
    const charts = [60, 300, 3600, 7200].flatMap((every) =>
      (['server', 'device'] as const).map((axis) => history.buckets({ ...query, axis, every, aggregates: AGGREGATES })),
    );
    return { latest: await history.latest('default', device), charts: await Promise.all(charts) };
  };

  test('says what looking through all events says, however they are cut into batches, also after a crash and a rebuild', async () => {
    const random = seededRandom(7);
    const pick = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)]!;
    for (let n = 0; n < 600; n += 1) {
      const recordedAt = NOON + n * 9_001;
      // Dyadic numbers add up to the same sum in every order.
      const value = () => pick<TelemetryValue>(Math.round(random() * 64) / 8, true, false, 'on', { nested: [1] });
      const ts = recordedAt + pick(0, -20, 3_000, -90_000, -3_600_000, 86_400_000);
      shard.record(
        pick('d1', 'd2'),
        { ...(random() < 0.8 && { a: value() }), ...(random() < 0.5 && { b: value() }) },
        recordedAt,
        ts,
      );
    }
    const oracle = createScannedTelemetry(() => shard.events, deviceStream);
    const wanted = [await everything(oracle, 'd1'), await everything(oracle, 'd2')];

    const live = start();
    const all = [...shard.events];
    for (const length of [1, 90, 91, 400, all.length]) {
      shard.events.splice(0, shard.events.length, ...all.slice(0, length));
      await follow(live, 37);
      await live.history.latest('default', 'd1'); // stores
      const crashed = start();
      await crashed.subscriber.checkpoint(0);
      await crashed.subscriber.handle(0, all.slice(0, 0).concat(all.slice(length, length + 5))); // lost with the process
      started.pop();
    }
    expect([await everything(live.history, 'd1'), await everything(live.history, 'd2')]).toEqual(wanted);

    await testDatabase.query(
      "truncate telemetry_series, telemetry_rollup; delete from subscription_checkpoint where subscription = 'telemetry'",
    );
    const rebuilt = start();
    await follow(rebuilt, 250);
    expect([await everything(rebuilt.history, 'd1'), await everything(rebuilt.history, 'd2')]).toEqual(wanted);
  });

  test('keeps the newest value of each metric, whatever it is, and not what a device sends late', async () => {
    const telemetry = start();
    shard.record('d1', { a: 1, on: true, mode: 'eco', deep: { x: [1, null] } }, NOON);
    shard.record('d1', { a: 2 }, NOON + 10, NOON - 60_000);
    shard.record('d1', { mode: 'x'.repeat(2_000) }, NOON + 20);
    await follow(telemetry);
    const latest = await telemetry.history.latest('default', 'd1');
    expect(latest.map(({ metric, value, sequence }) => [metric, value, sequence])).toEqual([
      ['a', 1, 1],
      ['deep', { x: [1, null] }, 1],
      ['mode', undefined, 3],
      ['on', true, 1],
    ]);
  });

  test('a clock that is ahead does not keep later values out', async () => {
    const telemetry = start();
    shard.record('d1', { a: 1 }, NOON, NOON + 86_400_000);
    shard.record('d1', { a: 2 }, NOON + 1_000);
    await follow(telemetry);
    expect(await telemetry.history.latest('default', 'd1')).toMatchObject([{ value: 2, measuredAt: NOON + 1_000 }]);
  });

  test('an event counts once when Postgres goes away with the answer to a commit', async () => {
    let cut = true;
    const { pool } = database;
    /** The pool, but that answers to `commit` get lost. */
    const cutting = Object.assign(Object.create(pool) as typeof pool, {
      query: pool.query.bind(pool),
      connect: async () => {
        const client = await pool.connect();
        const query = client.query.bind(client) as (...given: unknown[]) => Promise<unknown>;
        return {
          release: (destroy?: boolean) => client.release(destroy),
          query: async (...given: unknown[]) => {
            const answer = await query(...given);
            if (given[0] === 'commit' && cut) throw new Error('connection lost');
            return answer;
          },
        };
      },
    });
    const telemetry = start({ pool: cutting });
    shard.record('d1', { a: 1 }, NOON);
    await follow(telemetry);
    await expect(telemetry.history.latest('default', 'd1')).rejects.toThrow('connection lost');
    shard.record('d1', { a: 1 }, NOON + 1);
    await expect(telemetry.subscriber.handle(0, shard.events.slice(1))).rejects.toThrow('could not be stored');
    cut = false;
    await follow(telemetry);
    const [chart] = await telemetry.history.buckets({
      ...{ tenant: 'default', device: 'd1', metrics: ['a'], axis: 'server', from: NOON, to: NOON, every: 60 },
      aggregates: ['count'],
    });
    expect(chart?.columns.count).toEqual([2]);
  });

  test('numbers whose sum would overflow stop nothing', async () => {
    const telemetry = start();
    for (let n = 0; n < 3; n += 1) shard.record('d1', { a: 1.7e308, b: n }, NOON + n);
    await follow(telemetry);
    const [, b] = await telemetry.history.buckets({
      ...{ tenant: 'default', device: 'd1', metrics: ['a', 'b'], axis: 'server', from: NOON, to: NOON, every: 60 },
      aggregates: ['sum'],
    });
    expect(b?.columns.sum).toEqual([3]);
    expect(await telemetry.history.latest('default', 'd1')).toMatchObject([{ value: 1.7e308 }, { value: 2 }]);
  });

  test('SEC-131 the same device and metric of two tenants are two series', async () => {
    const telemetry = start();
    shard.record('d1', { a: 1 }, NOON);
    shard.record('d1', { a: 2 }, NOON, NOON, 'other');
    await follow(telemetry);
    expect(await telemetry.history.latest('default', 'd1')).toMatchObject([{ value: 1 }]);
    expect(await telemetry.history.latest('other', 'd1')).toMatchObject([{ value: 2 }]);
  });

  test('a device that makes up names of metrics fills no table', async () => {
    const telemetry = start();
    for (let n = 0; n < 30; n += 1) {
      const names = Array.from({ length: 100 }, (_, index) => [`m${n}-${index}`, 1]);
      shard.record('d1', Object.fromEntries(names) as Record<string, number>, NOON + n);
      await follow(telemetry);
      await telemetry.history.latest('default', 'd1');
    }
    expect(await telemetry.history.latest('default', 'd1')).toHaveLength(1_000);
  });
});
