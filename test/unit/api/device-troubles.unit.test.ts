import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startApiUnderTest, type ApiUnderTest } from './api-under-test.js';
import { answerFaults } from './response-checker.js';

const AT = { count: 14, firstAt: Date.UTC(2026, 0, 1), lastAt: Date.UTC(2026, 0, 1, 0, 4) };
const TIMES = { count: 14, firstAt: '2026-01-01T00:00:00.000Z', lastAt: '2026-01-01T00:04:00.000Z' };
const REJECTION = { code: 'PAYLOAD_INVALID', detail: 'must be number', pointer: '/temperature' };
const REFUSAL = { code: 'CERTIFICATE_UNTRUSTED', address: '10.0.0.1' };

describe('what troubles a device', () => {
  let under: ApiUnderTest;
  const isAsked = (tenant: string, device: string) => tenant === 'default' && device === 'pump-7';
  beforeAll(async () => {
    under = await startApiUnderTest({
      activity: {
        read: () => ({
          ...{ events: [], connects: [], commitGate: null, rejections: [], disconnections: [] },
          takenOver: [{ device: 'pump-7', addresses: ['10.0.0.1', '10.0.0.2'], ...AT }],
        }),
        ofDevice: (tenant, device) =>
          isAsked(tenant, device)
            ? {
                rejections: { device, ...REJECTION, ...AT },
                takenOver: { device, addresses: ['10.0.0.1'], ...AT },
              }
            : { rejections: undefined, takenOver: undefined },
      },
      refusedConnects: {
        of: (tenant, device) => (isAsked(tenant, device) ? { device, ...REFUSAL, ...AT } : undefined),
        recent: (tenant) => ['pump-7', 'stranger'].map((device) => ({ tenant, device, ...REFUSAL, ...AT })),
      },
    });
    for (const id of ['pump-7', 'quiet']) await under.admin.post('/api/v1/devices', { id });
  });
  afterAll(() => under.stop());

  const read = async (device: string) => {
    const answer = await under.admin.get(`/api/v1/devices/${device}`);
    expect(answerFaults('/api/v1/devices/{deviceId}', 'get', answer)).toEqual([]);
    return answer.body;
  };

  test('stands on the device: messages refused, connects refused, connections taken over', async () => {
    expect(await read('pump-7')).toMatchObject({
      recentRejections: { ...REJECTION, ...TIMES },
      refusedConnects: { ...REFUSAL, ...TIMES },
      takenOver: { addresses: ['10.0.0.1'], ...TIMES },
    });
  });

  test('is null where all is well', async () => {
    expect(await read('quiet')).toMatchObject({
      ...{ recentRejections: null, refusedConnects: null, takenOver: null, lastMessageAt: null },
    });
  });

  test('is told of all devices together, and says which of the refused names are devices', async () => {
    const answer = await under.admin.get('/api/v1/system/activity');
    expect(answerFaults('/api/v1/system/activity', 'get', answer)).toEqual([]);
    expect(answer.body).toMatchObject({
      takenOver: [{ device: 'pump-7', ...TIMES }],
      refusedConnects: [
        { device: 'pump-7', registered: true, ...REFUSAL, ...TIMES },
        { device: 'stranger', registered: false, ...REFUSAL, ...TIMES },
      ],
    });
    expect(answer.text).not.toContain('tenant');
  });

  test('the last message is the last that came, accepted or refused, and no other event', async () => {
    const stream = 'device/default/quiet';
    const at = async (type: string) => new Date((await under.record(stream, type)).recordedAt).toISOString();
    const accepted = await at('DeviceEventRecorded');
    await at('DeviceDisconnected');
    expect(await read('quiet')).toMatchObject({ lastMessageAt: accepted });
    const refused = await at('MessageRejected');
    await at('DeviceConnected');
    expect(await read('quiet')).toMatchObject({ lastMessageAt: refused });
  });
});
