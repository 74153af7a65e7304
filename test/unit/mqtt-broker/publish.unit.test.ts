import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestBroker, type TestBroker, type TestDevice } from '../../support/mqtt-broker.js';
import { publish, subscribe } from '../../support/mqtt-raw-client.js';

describe('a device publishes', () => {
  let server: TestBroker;
  let dev1: TestDevice;
  beforeAll(async () => {
    server = await startTestBroker();
    dev1 = await server.register('dev1');
  });
  afterAll(() => server.stop());

  test('telemetry at QoS 1 over mutual TLS is journaled when its PUBACK comes', async () => {
    const client = await server.open(dev1);
    expect(await client.connect({ clientId: 'anything' })).toMatchObject({ returnCode: 0, sessionPresent: false });
    client.send(publish('devices/dev1/telemetry', { temperature: 21.5 }, { qos: 1, messageId: 7 }));
    expect(await client.next('puback')).toMatchObject({ messageId: 7 });
    const [event] = server.events(dev1, 'TelemetryRecorded');
    expect(event).toMatchObject({
      data: { values: { temperature: 21.5 } },
      metadata: {
        tenant: 'default',
        principal: 'device/dev1',
        credential: dev1.certificate.fingerprint,
        sessionEpoch: 1,
      },
    });
    await client.end();
  });

  test('a refused payload is acknowledged, journaled and told on the errors topic, and the socket stays', async () => {
    const client = await server.open(dev1);
    await client.connect();
    client.send(subscribe(1, 'devices/dev1/errors'));
    await client.next('suback');
    client.send(publish('devices/dev1/telemetry', '{"broken":', { qos: 1, messageId: 9 }));
    expect(await client.next('puback')).toMatchObject({ messageId: 9 });
    const notice = await client.next('publish');
    expect(notice.topic).toBe('devices/dev1/errors');
    expect(JSON.parse(notice.payload.toString())).toMatchObject({
      code: 'PAYLOAD_INVALID',
      topic: 'devices/dev1/telemetry',
    });
    expect(server.events(dev1, 'MessageRejected')).toHaveLength(1);
    await client.ping();
    await client.end();
  });
});
