import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ConnectionHistory, ConnectionQuery } from '../../../src/actors/kernel/ports/connection-history.js';
import { startApiUnderTest, type ApiUnderTest } from './api-under-test.js';
import { answerFaults } from './response-checker.js';

const HOUR = 3_600_000;

describe('connections of a device over REST', () => {
  let under: ApiUnderTest;
  const asked: ConnectionQuery[] = [];
  let sums: (readonly [number, number])[] = [];
  const connections: ConnectionHistory = {
    list(query) {
      asked.push(query);
      const newest = (query.beforeEpoch ?? 4) - 1;
      return Promise.resolve(
        [newest, newest - 1, newest - 2]
          .filter((sessionEpoch) => sessionEpoch > 0)
          .slice(0, query.limit)
          .map((sessionEpoch) => ({
            ...{ sessionEpoch, connectedAt: sessionEpoch * HOUR, disconnectedAt: sessionEpoch === 3 ? null : 1 },
            ...{ reason: sessionEpoch === 3 ? null : 'CONNECTION_LOST', address: '10.0.0.1', listener: 'mqtts' },
            ...{ protocolLevel: 4, clientId: '<b>', credential: 'f', sequence: 10 },
            endedSequence: sessionEpoch === 3 ? null : 15,
          })),
      );
    },
    connectedMs(_tenant, _device, from, to) {
      sums.push([from, to]);
      return Promise.resolve((to - from) / 4);
    },
    certificates: () => Promise.resolve([]),
    countCertificates: () => Promise.resolve(0),
    supersededSince: () => Promise.resolve([]),
    expiringUntold: () => Promise.resolve([]),
    lastUses: () => Promise.resolve(new Map()),
    caughtUp: () => Promise.resolve(),
  };
  beforeAll(async () => {
    under = await startApiUnderTest({ connections });
    await under.admin.post('/api/v1/devices', { id: 'pump-7' });
  });
  afterAll(() => under.stop());
  const path = '/api/v1/devices/pump-7/connections';
  const read = async (query = '') => {
    const answer = await under.admin.get(`${path}${query}`);
    expect(answerFaults('/api/v1/devices/{deviceId}/connections', 'get', answer)).toEqual([]);
    return answer;
  };

  test('come newest first, in pages whose window does not move', async () => {
    const first = await read('?limit=2');
    expect(first.body.items).toMatchObject([
      { sessionEpoch: 3, disconnectedAt: null, events: null, protocol: 'MQTT 3.1.1' },
      { sessionEpoch: 2, reason: 'CONNECTION_LOST', events: 4 },
    ]);
    const second = await read(`?limit=2&cursor=${first.body.next as string}`);
    expect(second.body).toMatchObject({ items: [{ sessionEpoch: 1 }], next: null });
    expect(asked.at(-1)).toMatchObject({ tenant: 'default', device: 'pump-7', beforeEpoch: 2, to: asked.at(-2)!.to });
    expect((await read(`?limit=2&from=2020-01-01T00:00:00Z&cursor=${first.body.next as string}`)).body.code).toBe(
      'CURSOR_INVALID',
    );
  });

  test('the availability counts from the registration and not beyond now', async () => {
    sums = [];
    const { body } = await read('?from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z');
    const registeredAt = under.memory.stream('device/default/pump-7')[0]!.recordedAt;
    expect(sums[0]![0]).toBe(registeredAt);
    expect(sums[0]![1]).toBeLessThanOrEqual(Date.now());
    expect(body.availability).toMatchObject({ ratio: 0.25, from: new Date(registeredAt).toISOString() });
    const { body: past } = await read('?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z');
    expect(past.availability).toMatchObject({ ratio: null, connectedSeconds: 0 });
  });

  test('a window that ends before it begins, and a device that never was, are refused', async () => {
    const wrong = await read('?from=2021-01-01T00:00:00Z&to=2020-01-01T00:00:00Z');
    expect([wrong.status, wrong.body.code]).toEqual([400, 'PARAMETER_INVALID']);
    expect((await under.admin.get('/api/v1/devices/nobody/connections')).body.code).toBe('DEVICE_NOT_FOUND');
  });
});
