import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import type { DeviceEvent } from '../../../src/actors/device/events.js';
import type { CertificateQuery } from '../../../src/actors/kernel/ports/connection-history.js';
import { openDatabase, type Database } from '../../../src/persistence/database.js';
import { createConnectionHistory } from '../../../src/persistence/projections/connection-history.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { seededRandom } from '../../support/seeded-random.js';
import {
  connected,
  createShard,
  decode,
  disconnected,
  registered,
  runOver,
  telemetry,
  tokenIssued,
} from './device-shard.js';

const at = (occurredAt: number, event: DeviceEvent): DeviceEvent => ({ ...event, occurredAt });
const issued = (fingerprint: string, notAfter: number): DeviceEvent => ({
  type: 'CertificateIssued',
  data: {
    ...{ fingerprint, serial: '01', certificate: 'PEM', keyType: 'EC P-256', publicKeySha256: fingerprint },
    ...{ notBefore: 0, notAfter },
  },
});
const revoked = (fingerprint: string): DeviceEvent => ({
  type: 'CertificateRevoked',
  data: { fingerprint, reason: 'lost' },
});

describe('the history of connections and credentials', () => {
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
  const clear = () =>
    testDatabase.query(
      "truncate device_connection, device_credential; delete from subscription_checkpoint where subscription = 'connections'",
    );
  afterEach(clear);
  afterAll(async () => {
    await database.stop();
    await testDatabase.drop();
  });

  const open = () => createConnectionHistory({ database, decode });
  const run = async (batch?: number) => {
    const opened = open();
    await runOver(opened.subscriber, shard, batch);
    return opened.history;
  };
  const rows = () =>
    Promise.all([
      testDatabase.query('select * from device_connection order by tenant, device, session_epoch'),
      testDatabase.query('select * from device_credential order by tenant, device, credential'),
    ]);
  const window = { tenant: 'default', device: 'pump', from: 0, to: 10_000, limit: 10 };

  test.each([1, 100])('tells each connection with its end and reason, in batches of %i', async (batch) => {
    shard.add('default', 'pump', registered('pump'), at(1000, connected(1)), telemetry, telemetry);
    shard.add('default', 'pump', at(2000, disconnected(1)), at(3000, connected(2)));
    shard.add('default', 'other', at(1500, connected(1)));
    shard.add('rival', 'pump', at(1500, connected(1)));
    const history = await run(batch);
    const common = { address: '127.0.0.1', listener: 'mqtts', protocolLevel: 4, clientId: 'c', credential: 'f' };
    expect(await history.list(window)).toEqual([
      {
        ...common,
        ...{ sessionEpoch: 2, connectedAt: 3000, sequence: 6 },
        ...{ disconnectedAt: null, reason: null, endedSequence: null },
      },
      {
        ...common,
        ...{ sessionEpoch: 1, connectedAt: 1000, sequence: 2 },
        ...{ disconnectedAt: 2000, reason: 'CONNECTION_LOST', endedSequence: 5 },
      },
    ]);
  });

  test('pages and narrows to those that were open in a window', async () => {
    for (let epoch = 1; epoch <= 5; epoch += 1)
      shard.add('default', 'pump', at(epoch * 1000, connected(epoch)), at(epoch * 1000 + 500, disconnected(epoch)));
    const history = await run();
    const epochs = async (more: object) =>
      (await history.list({ ...window, ...more })).map(({ sessionEpoch }) => sessionEpoch);
    expect(await epochs({ limit: 2 })).toEqual([5, 4]);
    expect(await epochs({ limit: 2, beforeEpoch: 4 })).toEqual([3, 2]);
    expect(await epochs({ from: 2400, to: 4000 })).toEqual([4, 3, 2]);
    expect(await epochs({ from: 2600, to: 2700 })).toEqual([]);
  });

  test('sums the time connected within a window, an open connection up to its end', async () => {
    shard.add('default', 'pump', at(1000, connected(1)), at(2000, disconnected(1)), at(3000, connected(2)));
    const history = await run();
    expect(await history.connectedMs('default', 'pump', 0, 4000)).toBe(2000);
    expect(await history.connectedMs('default', 'pump', 1500, 3500)).toBe(1000);
    expect(await history.connectedMs('default', 'pump', 2000, 3000)).toBe(0);
    expect(await history.connectedMs('rival', 'pump', 0, 4000)).toBe(0);
  });

  test.each([1, 100])('knows the state of each certificate and its last use, in batches of %i', async (batch) => {
    shard.add('default', 'a', registered('a'), issued('a1', 5000), issued('a2', 6000));
    shard.add('default', 'b', registered('b'), issued('b1', 7000), at(1000, connected(1, 'b1')), revoked('b1'));
    shard.add('default', 'c', registered('c'), issued('c1', 8000), { type: 'DeviceDeleted', data: {} });
    shard.add('default', 'c', registered('c'), issued('c2', 9000));
    shard.add('rival', 'a', registered('a'), issued('r1', 100));
    const history = await run(batch);
    const states = async (more: Partial<CertificateQuery> = {}) =>
      (await history.certificates({ tenant: 'default', now: 1000, limit: 10, ...more })).map(
        ({ fingerprint, state }) => `${fingerprint} ${state}`,
      );
    expect(await states()).toEqual(['a1 active', 'a2 active', 'b1 revoked', 'c1 revoked', 'c2 active']);
    expect(await states({ now: 5000 })).toContain('a1 expired');
    expect(await states({ state: 'revoked' })).toEqual(['b1 revoked', 'c1 revoked']);
    expect(await states({ device: 'a', notAfterUntil: 5500 })).toEqual(['a1 active']);
    expect(await states({ limit: 2, after: { notAfter: 6000, fingerprint: 'a2' } })).toEqual([
      'b1 revoked',
      'c1 revoked',
    ]);
    const counted = { tenant: 'default', now: 1000 };
    expect(await history.countCertificates(counted)).toBe(5);
    expect(await history.countCertificates({ ...counted, device: 'a', notAfterUntil: 5500 })).toBe(1);
    const [b1] = await history.certificates({ tenant: 'default', now: 1000, limit: 1, device: 'b' });
    expect(b1).toMatchObject({ lastUsedAt: 1000, revokedSequence: 4, revokeReason: 'lost' });

    shard.add('default', 'a', at(2000, connected(1, 'a2')));
    await run(batch);
    expect(await states()).toContain('a1 superseded');
    const superseded = await history.supersededSince(2000, 3000, 10);
    expect(superseded).toEqual([{ tenant: 'default', device: 'a', fingerprint: 'a1' }]);
    expect(await history.supersededSince(1999, 3000, 10)).toEqual([]);
    expect(await history.supersededSince(2000, 5000, 10)).toEqual([]);
    expect(await history.lastUses('default', 'a')).toEqual(new Map([['a2', 2000]]));
  });

  test('SEC-33 names the certificates whose end is to be told, page by page, and none that was told, revoked or superseded', async () => {
    const DAY = 24 * 60 * 60 * 1000;
    const ends = (fingerprint: string, days: number) => at(0, issued(fingerprint, (100 + days) * DAY));
    const told = (fingerprint: string, days: 30 | 7): DeviceEvent => ({
      type: 'CertificateExpiring',
      data: { fingerprint, notAfter: 0, days },
    });
    shard.add('default', 'a', ends('a1', 31), ends('a2', 30));
    shard.add('default', 'b', ends('b1', 0), ends('b2', 5), told('b2', 30));
    shard.add('acme', 'c', ends('c1', 5), told('c1', 7), ends('c2', 0.5), told('c2', 7));
    shard.add('acme', 'd', ends('d1', 5), revoked('d1'), ends('d2', 5), ends('d3', 300), at(DAY, connected(1, 'd3')));
    shard.add('acme', 'e', at(99 * DAY, issued('e1', 105 * DAY)), at(0, issued('e2', 105 * DAY)));
    const history = await run();
    const now = 100 * DAY;
    const all = await history.expiringUntold(now, undefined, 10);
    expect(all.map(({ fingerprint }) => fingerprint)).toEqual(['c2', 'e2', 'a2', 'b2']);
    expect(await history.expiringUntold(now, all[0], 2)).toEqual(all.slice(1, 3));
  });

  test('stores nothing of connections when somebody else has moved the checkpoint', async () => {
    shard.add('default', 'pump', registered('pump'), at(1000, connected(1)));
    const { subscriber } = open();
    await runOver(subscriber, shard);
    shard.add('default', 'pump', at(2000, disconnected(1)), at(3000, connected(2, 'c')));
    const before = await rows();
    await testDatabase.query("update subscription_checkpoint set position = 3 where subscription = 'connections'");
    await expect(subscriber.handle(0, shard.events.slice(2))).rejects.toThrow(/not at 2/);
    expect(await rows()).toEqual(before);
  });

  test('I9 rebuilt from position 0 it is what it was live, whatever the batches', async () => {
    const random = seededRandom(21);
    const epochs = new Map<string, number>();
    for (let step = 0; step < 600; step += 1) {
      const device = `d${Math.floor(random() * 8)}`;
      const epoch = epochs.get(device) ?? 0;
      const credential = `c${Math.floor(random() * step)}`;
      const choice = Math.floor(random() * 9);
      if (choice < 2) epochs.set(device, epoch + 1);
      const next: DeviceEvent[] = [
        ...[connected(epoch + 1, credential), connected(epoch + 1, credential), disconnected(epoch)],
        ...[issued(`c${step}`, step * 10), tokenIssued(`c${step}`, 'hash'), revoked(credential)],
        ...[{ type: 'DeviceDeleted', data: {} } as const, telemetry],
        { type: 'CertificateExpiring', data: { fingerprint: credential, notAfter: 0, days: 30 } },
      ];
      shard.add('default', device, next[choice]!);
    }
    await run(7);
    const live = await rows();
    expect(Math.min(...live.map(({ length }) => length))).toBeGreaterThan(50);
    await clear();
    await run(250);
    expect(await rows()).toEqual(live);
  }, 60_000);
});
