import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import type { DeviceEvent } from '../../../src/actors/device/events.js';
import { STILL_THERE, type DeviceListQuery, type DeviceSort } from '../../../src/actors/kernel/ports/device-index.js';
import { openDatabase, type Database } from '../../../src/persistence/database.js';
import { createDeviceIndex } from '../../../src/persistence/projections/device-index.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { seededRandom } from '../../support/seeded-random.js';
import {
  connected,
  createShard,
  decode,
  disconnected,
  PROFILE,
  registered,
  runOver,
  telemetry,
  tokenIssued,
} from './device-shard.js';

describe('device index', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let shard: ReturnType<typeof createShard>;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = await openDatabase({ url: testDatabase.url, log: createSilentLogger() });
  });
  beforeEach(() => {
    shard = createShard();
  });
  afterEach(() =>
    testDatabase.query(
      "truncate device_index, device_token; delete from subscription_checkpoint where subscription = 'device-index'",
    ),
  );
  afterAll(async () => {
    await database.stop();
    await testDatabase.drop();
  });

  const open = () => createDeviceIndex({ database, decode });
  const run = ({ subscriber }: ReturnType<typeof open>, batch?: number) => runOver(subscriber, shard, batch);
  const rows = () =>
    Promise.all([
      testDatabase.query('select * from device_index order by tenant, id'),
      testDatabase.query('select * from device_token order by tenant, device, token_id'),
    ]);
  const ids = async (query: Partial<DeviceListQuery> = {}) =>
    (await open().index.list({ tenant: 'default', sort: 'id', limit: 100, ...query })).map(({ id }) => id);

  test('lists what the events of a device say', async () => {
    shard.add(
      'default',
      'pump',
      registered('pump', { type: 'Pump', name: 'Old', tags: ['a'], via: ['g'] }, 1_700_000_000_123),
    );
    shard.add('default', 'pump', {
      type: 'DeviceUpdated',
      data: { profile: { ...PROFILE, name: 'Größe', tags: ['x', 'y,"z'] } },
    });
    shard.add('default', 'pump', { type: 'DeviceDisabled', data: {} }, connected(7), telemetry);
    const opened = open();
    await run(opened);
    expect(await opened.index.list({ tenant: 'default', sort: 'id', limit: 10 })).toEqual([
      {
        ...{ id: 'pump', type: null, name: 'Größe', tags: ['x', 'y,"z'], enabled: false, gateway: false, via: [] },
        ...{ connected: true, sessionEpoch: 7, connectedAt: 4, disconnectedAt: null, disconnectReason: null },
        ...{ registeredAt: 1_700_000_000_123, revision: 3 },
      },
    ]);
  });

  test('pages by id, name and registration, both ways, without a row twice or lost', async () => {
    for (let device = 0; device < 23; device += 1) {
      const name = device % 4 === 0 ? {} : { name: `n${device % 5}` };
      shard.add('default', `d${device}`, registered(`d${device}`, name, 1_000 + (device % 3)));
    }
    await run(open());
    const { index } = open();
    for (const sort of ['id', '-id', 'name', '-name', 'type', '-type', 'registeredAt', '-registeredAt'] as const) {
      const all = await index.list({ tenant: 'default', sort, limit: 100 });
      const paged: string[] = [];
      for (let page = await index.list({ tenant: 'default', sort, limit: 4 }); page.length > 0;) {
        paged.push(...page.map(({ id }) => id));
        const last = page.at(-1)!;
        const value = last[sort.replace('-', '') as Exclude<DeviceSort, 'lastSeen'>];
        page = await index.list({ tenant: 'default', sort, limit: 4, after: { value, id: last.id } });
      }
      expect(paged).toEqual(all.map(({ id }) => id));
      expect(new Set(paged).size).toBe(23);
    }
  });

  test('pages by when a device was seen last: never, then by its last disconnect, then connected now', async () => {
    for (const id of ['there', 'early', 'never', 'late']) shard.add('default', id, registered(id));
    shard.add('default', 'early', connected(1), disconnected(1));
    shard.add('default', 'there', connected(1), disconnected(1), connected(2));
    shard.add('default', 'late', connected(1), disconnected(1));
    await run(open(), 3);
    const { index } = open();
    const all = await index.list({ tenant: 'default', sort: 'lastSeen', limit: 10 });
    expect(all.map(({ id }) => id)).toEqual(['never', 'early', 'late', 'there']);
    expect(
      all.map(({ connectedAt, disconnectedAt, disconnectReason }) => [connectedAt, disconnectedAt, disconnectReason]),
    ).toEqual([
      [null, null, null],
      [5, 6, 'CONNECTION_LOST'],
      [10, 11, 'CONNECTION_LOST'],
      [9, null, null],
    ]);
    const seen = [0, 6, 11, STILL_THERE];
    for (const [place, { id }] of all.entries()) {
      const after = { value: seen[place]!, id };
      const page = (sort: DeviceListQuery['sort']) => index.list({ tenant: 'default', sort, limit: 10, after });
      expect(await page('lastSeen')).toEqual(all.slice(place + 1));
      expect(await page('-lastSeen')).toEqual(all.slice(0, place).reverse());
    }
  });

  test('searches id, name and tags without regard to case, and takes wildcards literally', async () => {
    shard.add('default', 'pump-1', registered('pump-1', { name: 'ÄRGER 100%', tags: ['Keller'] }));
    shard.add('default', 'fan', registered('fan'));
    await run(open());
    expect(await ids({ search: 'ärger' })).toEqual(['pump-1']);
    expect(await ids({ search: 'KELL' })).toEqual(['pump-1']);
    expect(await ids({ search: '%' })).toEqual(['pump-1']);
    expect(await ids({ search: '_' })).toEqual([]);
    expect(await ids({ search: 'n' })).toEqual(['fan']);
  });

  test('SEC-131 I12 equal ids of two tenants do not meet', async () => {
    shard.add('a', 'pump', registered('pump', { name: 'of a' }), tokenIssued('t', 'hash-a'));
    shard.add('b', 'pump', registered('pump', { name: 'of b' }), tokenIssued('t', 'hash-b'));
    shard.add('b', 'pump', { type: 'DeviceDeleted', data: {} });
    await run(open());
    expect(await ids({ tenant: 'a' })).toEqual(['pump']);
    expect(await ids({ tenant: 'b' })).toEqual([]);
    const { index } = open();
    expect(await index.deviceOfToken('hash-a')).toEqual({ tenant: 'a', device: 'pump' });
    expect(await index.deviceOfToken('hash-b')).toBeUndefined();
  });

  test('finds a device by its token until that is revoked', async () => {
    shard.add('default', 'd', registered('d'), tokenIssued('one', 'h1'), tokenIssued('two', 'h2'));
    shard.add('default', 'd', { type: 'TokenRevoked', data: { tokenId: 'one', reason: 'lost' } });
    await run(open(), 1);
    const { index } = open();
    expect(await index.deviceOfToken('h1')).toBeUndefined();
    expect(await index.deviceOfToken('h2')).toEqual({ tenant: 'default', device: 'd' });
  });

  test('tells which connections are open, a deleted device included, and passes over the end of an earlier one', async () => {
    shard.add('default', 'a', registered('a'), connected(1), connected(2), disconnected(1));
    shard.add('default', 'b', registered('b'), connected(1), disconnected(1));
    shard.add('default', 'c', registered('c'), connected(5), { type: 'DeviceDeleted', data: {} });
    await run(open());
    const { index } = open();
    const a = { tenant: 'default', device: 'a', sessionEpoch: 2 };
    const c = { tenant: 'default', device: 'c', sessionEpoch: 5 };
    expect(await index.lost('', '', 10)).toEqual([a, c]);
    expect(await index.registered('default', ['a', 'b', 'c', 'stranger'])).toEqual(new Set(['a', 'b']));
    expect(await index.registered('acme', ['a'])).toEqual(new Set());
    expect(await index.countMatching({ tenant: 'default', search: 'A' })).toBe(1);
    expect(await index.countMatching({ tenant: 'default', state: 'offline' })).toBe(1);
    expect(await index.lost('default', 'a', 10)).toEqual([c]);
    expect(await ids()).toEqual(['a', 'b']);
    shard.add('default', 'c', disconnected(5));
    await run(open());
    expect(await index.lost('', '', 10)).toEqual([a]);
  });

  test('what is connected to a life that holds a lease is not lost, and what was taken over belongs to the newer one', async () => {
    await testDatabase.query(`insert into node_lease (life, node) values ('alive', 'n2')`);
    shard.add('default', 'a', registered('a'), connected(1, 'f', 'alive'));
    shard.add('default', 'b', registered('b'), connected(1, 'f', 'dead'));
    await run(open());
    const { index } = open();
    const lost = async () => (await index.lost('', '', 10)).map(({ device }) => device);
    expect(await lost()).toEqual(['b']);
    shard.add('default', 'b', connected(2, 'f', 'alive'));
    shard.add('default', 'a', disconnected(1), connected(2, 'f', 'dead'));
    await run(open());
    expect(await lost()).toEqual(['a']);
  });

  test('I9 rebuilt from position 0 it is what it was live, whatever the batches', async () => {
    const random = seededRandom(11);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
    for (let step = 0; step < 600; step += 1) {
      const device = `d${Math.floor(random() * 12)}`;
      const tokenId = pick(['t1', 't2', 't3']);
      const next = pick<() => DeviceEvent>([
        () => registered(device, { name: pick(['x', 'y']), tags: [pick(['a', 'b'])] }),
        () => ({ type: 'DeviceUpdated', data: { profile: { ...PROFILE, name: `n${step}` } } }),
        () => ({ type: 'DeviceDisabled', data: {} }),
        () => ({ type: 'DeviceEnabled', data: {} }),
        () => ({ type: 'DeviceDeleted', data: {} }),
        () => tokenIssued(tokenId, `hash-${step}`),
        () => ({ type: 'TokenRevoked', data: { tokenId, reason: '' } }),
        () => connected(step),
        () => disconnected(step - 1),
        () => telemetry,
      ]);
      shard.add(pick(['default', 'other']), device, next());
    }
    const opened = open();
    await run(opened, 7);
    const live = await rows();
    expect(live[0].length).toBeGreaterThan(5);
    await testDatabase.query(
      "truncate device_index, device_token; delete from subscription_checkpoint where subscription = 'device-index'",
    );
    await run(open(), 250);
    expect(await rows()).toEqual(live);
  });

  test('I9 batches of nothing but connections leave what a rebuild leaves', async () => {
    const random = seededRandom(12);
    for (let number = 0; number < 6; number += 1) shard.add('default', `d${number}`, registered(`d${number}`));
    shard.add('default', 'd0', connected(1), { type: 'DeviceDeleted', data: {} });
    const first = shard.events.length;
    for (let step = 0; step < 120; step += 1) {
      const epoch = Math.floor(random() * 4);
      shard.add('default', `d${Math.floor(random() * 6)}`, random() < 0.5 ? connected(epoch) : disconnected(epoch));
    }
    const opened = open();
    await opened.subscriber.checkpoint(0);
    await opened.subscriber.handle(0, shard.events.slice(0, first));
    for (let from = first; from < shard.events.length;) {
      const to = from + 1 + Math.floor(random() * 8);
      await opened.subscriber.handle(0, shard.events.slice(from, to));
      from = to;
    }
    const live = await rows();
    await testDatabase.query(
      "truncate device_index, device_token; delete from subscription_checkpoint where subscription = 'device-index'",
    );
    await run(open());
    expect(await rows()).toEqual(live);
  });

  test('connections are not stored over the checkpoint of another runner', async () => {
    shard.add('default', 'a', registered('a'), connected(1), disconnected(1));
    const [one, other] = [open(), open()];
    for (const { subscriber } of [one, other]) await subscriber.checkpoint(0);
    await one.subscriber.handle(0, shard.events.slice(0, 1));
    await other.subscriber.checkpoint(0);
    await one.subscriber.handle(0, shard.events.slice(1, 2));
    await expect(other.subscriber.handle(0, shard.events.slice(1, 3))).rejects.toThrow(/checkpoint/);
    expect(await one.index.lost('', '', 10)).toHaveLength(1);
  });

  test('counts each event once when a batch fails in the middle or comes again', async () => {
    shard.add('default', 'a', registered('a'), tokenIssued('one', 'h1'));
    shard.add('default', 'b', registered('b'));
    let broken = true;
    const failing = createDeviceIndex({
      database,
      decode: (event) => {
        if (broken && event.stream.endsWith('/b')) throw new Error('broken for a moment');
        return decode(event);
      },
    });
    await expect(run(failing)).rejects.toThrow('broken for a moment');
    expect(await rows()).toEqual([[], []]);
    expect(await failing.subscriber.checkpoint(0)).toBe(0);
    broken = false;
    await run(failing);
    expect(await ids()).toEqual(['a', 'b']);
    const stale = open(); // believes in position 0, as a second node would
    await expect(stale.subscriber.handle(0, shard.events)).rejects.toThrow(/not at 0/);
  });

  test('passes over telemetry without a statement, but not for ever', async () => {
    shard.add('default', 'a', registered('a'));
    for (let count = 0; count < 6_000; count += 1) shard.add('default', 'a', telemetry);
    const { subscriber } = open();
    await subscriber.checkpoint(0);
    const stored = async () => await open().subscriber.checkpoint(0);
    await subscriber.handle(0, shard.events.slice(0, 10));
    expect(await stored()).toBe(10);
    await subscriber.handle(0, shard.events.slice(10, 1_000));
    expect(await stored()).toBe(10);
    await subscriber.handle(0, shard.events.slice(1_000, 6_000));
    expect(await stored()).toBe(6_000);
  });

  test('who waits for a position goes on when it is passed, or when the time is over', async () => {
    shard.add('default', 'a', registered('a'), telemetry, telemetry);
    const opened = open();
    const early = opened.index.caughtUp(0, 2, 60_000);
    await opened.subscriber.checkpoint(0);
    await run(opened, 1);
    await early;
    await opened.index.caughtUp(0, 3, 60_000);
    await opened.index.caughtUp(0, 4, 10);
    await opened.index.caughtUp(1, 1, 10);
  });
});
