import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import mqtt from 'mqtt';
import { brokerOfTheTest, eventually } from '../../support/mqtt-broker.js';
import { openTcp, openTls, publish, rawClient } from '../../support/mqtt-raw-client.js';

describe('the listeners', () => {
  const start = brokerOfTheTest();

  test('an ordinary client publishes and subscribes at QoS 0, 1 and 2 over mutual TLS', async () => {
    const own = await start();
    const device = await own.register('paho');
    const { key, cert } = device.certificate;
    const client = await mqtt.connectAsync({
      protocol: 'mqtts',
      host: '127.0.0.1',
      port: own.port('mqtts'),
      clientId: 'paho',
      key,
      cert,
      ca: own.authority.cert,
      reconnectPeriod: 0,
      protocolVersion: 4,
    });
    const heard: string[] = [];
    client.on('message', (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
    await client.subscribeAsync('devices/paho/#', { qos: 2 });
    for (const qos of [0, 1, 2] as const)
      await client.publishAsync('devices/paho/events/said', `{"qos":${qos}}`, { qos });
    await eventually(() => heard.length === 3, 'all were heard');
    expect(heard).toEqual([0, 1, 2].map((qos) => `devices/paho/events/said {"qos":${qos}}`));
    expect(own.events(device, 'DeviceEventRecorded').map(({ data }) => data['body'])).toEqual([
      { qos: 0 },
      { qos: 1 },
      { qos: 2 },
    ]);
    await client.endAsync();
    await eventually(() => own.events(device, 'DeviceDisconnected').length === 1, 'the end is journaled');
    expect(own.events(device, 'DeviceDisconnected')[0]).toMatchObject({ data: { reason: 'CLIENT_DISCONNECT' } });
  });

  test('a message at QoS 0 that is followed by DISCONNECT at once is journaled', async () => {
    const own = await start();
    const device = await own.register('hasty');
    const client = await own.open(device);
    await client.connect();
    client.send(publish('devices/hasty/telemetry', { a: 1 }), { cmd: 'disconnect' });
    await client.closed;
    await eventually(() => own.events(device, 'DeviceDisconnected').length === 1, 'the end is journaled');
    expect(own.events(device, 'TelemetryRecorded')).toHaveLength(1);
  });

  test('sockets beyond the bound of the node are refused at accept, and those that end make room, with TLS and without', async () => {
    const own = await start({ limits: { connections: 3 } });
    const device = await own.register('dev1');
    const { key, cert } = device.certificate;
    for (let round = 0; round < 4; round += 1) {
      const tls = await openTls(own.port('mqtts'), { key, cert, ca: own.authority.cert });
      const halfTls = await openTcp(own.port('mqtts'));
      const plain = await openTcp(own.port('mqtt'));
      await tls.connect();
      const beyond = await openTcp(own.port('mqtt'));
      await beyond.closed;
      expect(tls.isClosed || plain.isClosed || halfTls.isClosed).toBe(false);
      await Promise.all([tls.end(), halfTls.end(), plain.end()]);
      await eventually(() => own.broker.connections() === 0, 'the connection has ended');
      // The end of a socket reaches the server a little later than its client.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  test('SEC-51 half-open handshakes and half a CONNECT are closed in time, and a good device still gets in', async () => {
    const own = await start({ limits: { handshakeMs: 300, connectMs: 300, handshakesInFlight: 4 } });
    const device = await own.register('dev1');
    const silent = await Promise.all(Array.from({ length: 12 }, () => openTcp(own.port('mqtts'))));
    const halves = await Promise.all(Array.from({ length: 5 }, () => openTcp(own.port('mqtt'))));
    for (const half of halves) half.sendBytes(Buffer.from([0x10, 0x20, 0, 4]));
    const good = await own.open(device);
    expect(await good.connect()).toMatchObject({ returnCode: 0 });
    await Promise.all([...silent, ...halves].map(({ closed }) => closed));
  });

  test('SEC-09 the server certificate is replaced without dropping a connection', async () => {
    const own = await start();
    const device = await own.register('dev1');
    const client = await own.open(device);
    await client.connect();
    const next = await own.authority.server();
    own.broker.replaceServerCertificate(next);
    const fresh = await own.open(device);
    const secure: unknown = fresh.socket;
    const seen = (secure as TLSSocket).getPeerCertificate();
    expect(new X509Certificate(next.cert).fingerprint256).toBe(seen.fingerprint256);
    await client.ping();
  });

  test('a wrong server port answers no plain MQTT, and garbage harms nobody', async () => {
    const own = await start();
    const garbage = connectTcp(own.port('mqtts'), '127.0.0.1');
    await once(garbage, 'connect');
    garbage.write('GET / HTTP/1.1\r\n\r\n'.repeat(10));
    await rawClient(garbage).closed;
    const device = await own.register('dev1');
    const client = await own.open(device);
    expect(await client.connect()).toMatchObject({ returnCode: 0 });
  });

  test('the metrics tell what came in, what was refused and who is connected', async () => {
    const own = await start();
    const device = await own.register('dev1');
    const client = await own.open(device);
    await client.connect();
    client.send(publish('devices/dev1/telemetry', { a: 1 }, { qos: 1, messageId: 1 }));
    await client.next('puback');
    client.send(publish('devices/dev2/telemetry', { a: 1 }, { qos: 1, messageId: 2 }));
    await client.next('puback');
    const stranger = await own.openPlain();
    await stranger.connect({ username: 'dev1', password: Buffer.from('wrong') });
    expect(Object.fromEntries(own.meter.values)).toMatchObject({
      'fleetlog_mqtt_messages_total{topic_kind="telemetry",qos="1",result="accepted"}': 1,
      'fleetlog_messages_rejected_total{reason="TOPIC_FORBIDDEN"}': 1,
      'fleetlog_mqtt_refused_total{reason="CREDENTIAL_UNKNOWN"}': 1,
      fleetlog_commit_gate_seconds: 2,
    });
    expect(own.broker.connections()).toBe(1);
  });

  test('stop ends in time while Postgres is away, and acknowledges nothing', async () => {
    const own = await start({ limits: { stopMs: 1000 } });
    const device = await own.register('dev1');
    const client = await own.open(device);
    await client.connect();
    own.memory.faults.stalled = true;
    client.send(publish('devices/dev1/telemetry', { a: 1 }, { qos: 1, messageId: 1 }));
    await eventually(() => own.broker.waiting().publishes === 1, 'it waits');
    await own.broker.stop();
    await client.closed;
    expect(client.received.filter(({ cmd }) => cmd === 'puback')).toHaveLength(0);
  });
});
