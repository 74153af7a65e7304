import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import mqttPacket from 'mqtt-packet';
import { eventually, startTestBroker, type TestBroker, type TestDevice } from '../../support/mqtt-broker.js';
import { publish, subscribe, type RawClient } from '../../support/mqtt-raw-client.js';

/** A packet of first byte and body, with its length before it. */
function packet(first: number, body: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = body.length; ; rest >>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}
function text(bytes: Buffer | string): Buffer {
  const body = Buffer.from(bytes as string);
  return Buffer.concat([Buffer.from([body.length >> 8, body.length & 0xff]), body]);
}
function connectBytes(options: { name?: string; level?: number; flags?: number; rest?: Buffer } = {}): Buffer {
  const { name = 'MQTT', level = 4, flags = 2, rest = Buffer.alloc(0) } = options;
  return packet(0x10, Buffer.concat([text(name), Buffer.from([level, flags, 0, 60]), text('test'), rest]));
}

describe('the protocol', () => {
  let server: TestBroker;
  let dev1: TestDevice;
  beforeAll(async () => {
    server = await startTestBroker();
    dev1 = await server.register('dev1');
  });
  afterAll(() => server.stop());

  async function connected(): Promise<RawClient> {
    const client = await server.open(dev1);
    expect(await client.connect()).toMatchObject({ returnCode: 0 });
    return client;
  }

  test.each<[string, Buffer]>([
    ['a PUBLISH first', packet(0x30, Buffer.concat([text('a'), Buffer.from('x')]))],
    ['a wrong protocol name', connectBytes({ name: 'MQTX' })],
    ['a name that does not fit the level', connectBytes({ name: 'MQIsdp', level: 4 })],
    ['the reserved flag', connectBytes({ flags: 3 })],
    ['a will of QoS 3', connectBytes({ flags: 0x1e, rest: Buffer.concat([text('devices/dev1/events/x'), text('1')]) })],
    ['a password without user name', connectBytes({ flags: 0x42, rest: text('secret') })],
    ['bytes after the payload', connectBytes({ rest: Buffer.from('more') })],
    [
      'ill-formed UTF-8 in the client id',
      packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, 2, 0, 60]), text(Buffer.from([0xff]))])),
    ],
  ])('SEC-57 a connection that begins with %s is closed without a session', async (_name, bytes) => {
    const before = server.events(dev1, 'DeviceConnected').length;
    const client = await server.open(dev1);
    client.sendBytes(bytes);
    await client.closed;
    expect(client.received.filter(({ cmd }) => cmd === 'connack')).toEqual([]);
    expect(server.events(dev1, 'DeviceConnected')).toHaveLength(before);
  });

  test.each([2, 5, 6, 132])('SEC-57 protocol level %i gets CONNACK 1', async (level) => {
    const client = await server.open(dev1);
    client.sendBytes(connectBytes({ level }));
    await client.closed;
    expect(client.received).toMatchObject([{ cmd: 'connack', returnCode: 1 }]);
  });

  test.each<[string, Buffer]>([
    ['a second CONNECT', connectBytes()],
    [
      'packet id 0',
      packet(0x32, Buffer.concat([text('devices/dev1/telemetry'), Buffer.from([0, 0]), Buffer.from('{"a":1}')])),
    ],
    ['QoS 0 with DUP', packet(0x38, Buffer.concat([text('devices/dev1/telemetry'), Buffer.from('{"a":1}')]))],
    ['SUBSCRIBE without a filter', packet(0x82, Buffer.from([0, 1]))],
    ['UNSUBSCRIBE without a filter', packet(0xa2, Buffer.from([0, 1]))],
    ['PINGREQ with a body', packet(0xc0, Buffer.from([1]))],
    ['PUBREL with a body', packet(0x62, Buffer.from([0, 1, 2]))],
    ['a packet id beyond its packet', packet(0x32, text('devices/dev1/telemetry'))],
    ['a packet that only servers send', packet(0x20, Buffer.from([0, 0]))],
    ['wildcards in a topic', mqttPacket.generate(publish('devices/dev1/events/x', 1)).fill('#', 20, 21)],
    ['U+0000 in a topic', packet(0x30, Buffer.concat([text('devices/dev1/events/\0'), Buffer.from('1')]))],
  ])('SEC-57 SEC-52 %s closes the connection and journals no message', async (_name, bytes) => {
    const before = server.events(dev1, 'TelemetryRecorded').length;
    const client = await connected();
    client.sendBytes(bytes);
    await client.closed;
    expect(server.events(dev1, 'TelemetryRecorded')).toHaveLength(before);
    await eventually(() => server.events(dev1).at(-1)!.type === 'DeviceDisconnected', 'the end is journaled');
    expect(server.events(dev1).at(-1)).toMatchObject({ data: { reason: 'PROTOCOL_ERROR' } });
  });

  test.each<[string, Buffer]>([
    ['0xFF', Buffer.from([0xff])],
    ['0xFE', Buffer.from([0xfe])],
    ['an overlong form', Buffer.from([0xc0, 0xaf])],
    ['a surrogate', Buffer.from([0xed, 0xa0, 0x80])],
    ['U+FFFD', Buffer.from('\u{FFFD}')],
  ])('A6 SEC-52 %s in a topic or a filter closes the connection', async (_name, bytes) => {
    const topic = text(Buffer.concat([Buffer.from('devices/dev1/events/'), bytes]));
    for (const sent of [
      packet(0x30, Buffer.concat([topic, Buffer.from('1')])),
      packet(0x82, Buffer.concat([Buffer.from([0, 1]), topic, Buffer.from([1])])),
    ]) {
      const client = await connected();
      client.sendBytes(sent);
      await client.closed;
    }
  });

  test('SEC-57 stray acknowledgements are answered as MQTT says, and harm nothing', async () => {
    const client = await connected();
    client.send({ cmd: 'puback', messageId: 9 }, { cmd: 'pubcomp', messageId: 9 }, { cmd: 'pubrel', messageId: 9 });
    expect(await client.next('pubcomp')).toMatchObject({ messageId: 9 });
    await client.ping();
    await client.end();
  });

  test('A5 SEC-50 a declared length beyond 8 KiB before CONNACK is cut at the fixed header', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => server.openPlain()));
    for (const client of sockets) {
      // 200 MB declared, a few bytes sent: nobody waits for the rest.
      client.sendBytes(Buffer.from([0x10, 0x80, 0x90, 0xae, 0x5f, 0, 4]));
    }
    await Promise.all(sockets.map(({ closed }) => closed));
    const client = await server.open(dev1);
    client.sendBytes(connectBytes({ flags: 0xc2, rest: Buffer.concat([text('u'), text('p'.repeat(8_200))]) }));
    await client.closed;
  });

  test('A5 a packet beyond 256 KiB closes the connection, a payload beyond 128 KiB is acknowledged and rejected', async () => {
    const client = await connected();
    const payload = JSON.stringify('x'.repeat(128 * 1024));
    client.send(publish('devices/dev1/events/big', payload, { qos: 1, messageId: 1 }));
    expect(await client.next('puback')).toMatchObject({ messageId: 1 });
    expect(server.events(dev1, 'MessageRejected').at(-1)).toMatchObject({
      data: { code: 'PAYLOAD_TOO_LARGE', payloadBytes: payload.length },
    });
    client.sendBytes(Buffer.from([0x30, 0x80, 0x80, 0x40, 0, 4]));
    await client.closed;
    await eventually(() => server.events(dev1).at(-1)!.type === 'DeviceDisconnected', 'the end is journaled');
    expect(server.events(dev1).at(-1)).toMatchObject({ data: { reason: 'PACKET_TOO_LARGE' } });
  });

  test.each([
    'devices/dev2/telemetry',
    'devices/dev1/errors',
    'devices//dev1/telemetry',
    '/devices/dev1/telemetry',
    '$SYS/x/new/clients',
    '$share/g/devices/dev1/x',
    'default/devices/dev1/telemetry',
    'devices/dev1/telemetry/',
    'devices/dev\u200b1/telemetry',
    'devices/dev1/events/\u0001',
    'a/'.repeat(8) + 'a',
    '/'.repeat(200),
    'x'.repeat(257),
    'constructor',
    '__proto__',
  ])('SEC-40 a PUBLISH on %j is acknowledged, journaled as refused, and reaches nobody', async (topic) => {
    const client = await connected();
    client.send(subscribe(1, 'devices/dev1/#'));
    await client.next('suback');
    for (const qos of [1, 2] as const) {
      client.send(publish(topic, { a: 1 }, { qos, messageId: 5 }));
      await client.next(qos === 1 ? 'puback' : 'pubrec');
      expect(server.events(dev1).at(-1)).toMatchObject({ type: 'MessageRejected', data: { code: 'TOPIC_FORBIDDEN' } });
    }
    await client.ping();
    const told = client.received.filter(({ cmd }) => cmd === 'publish');
    expect(told).toHaveLength(2);
    expect(told).toMatchObject([{ topic: 'devices/dev1/errors' }, { topic: 'devices/dev1/errors' }]);
    await client.end();
  });

  test.each([
    '#',
    '+/#',
    'devices/#',
    'devices/+/telemetry',
    'devices/dev2/#',
    '$SYS/#',
    '$share/g/devices/dev1/#',
    'devices/dev+/x',
    'a#',
    'a+',
    '+a',
    'devices/dev1/#/x',
    'default/devices/dev1/#',
    '/'.repeat(200),
  ])('A16 A18 SEC-40 the filter %j is refused with 0x80, and the connection stays', async (filter) => {
    const client = await connected();
    client.send(subscribe(1, filter));
    expect(await client.next('suback')).toMatchObject({ granted: [128] });
    client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: [filter] });
    await client.next('unsuback');
    await client.ping();
    await client.end();
  });

  test('filters beyond eight of a SUBSCRIBE and beyond fifty of a session are refused', async () => {
    const client = await connected();
    client.send(subscribe(1, ...Array.from({ length: 10 }, (_, index) => `devices/dev1/x/${index}`)));
    expect(await client.next('suback')).toMatchObject({ granted: [1, 1, 1, 1, 1, 1, 1, 1, 128, 128] });
    for (let packetId = 2; packetId <= 7; packetId += 1) {
      client.send(subscribe(packetId, ...Array.from({ length: 8 }, (_, index) => `devices/dev1/${packetId}/${index}`)));
    }
    const granted: (number | object)[] = [];
    for (let packetId = 2; packetId <= 7; packetId += 1) granted.push(...(await client.next('suback')).granted);
    expect(granted.filter((qos) => qos === 1)).toHaveLength(42);
    client.send({ cmd: 'unsubscribe', messageId: 8, unsubscriptions: ['devices/dev1/x/0'] });
    await client.next('unsuback');
    client.send(subscribe(9, 'devices/dev1/y'));
    expect(await client.next('suback')).toMatchObject({ granted: [1] });
    await client.end();
  });

  test('packets that come in one piece with CONNECT wait for its CONNACK, also when the token alone names the device', async () => {
    for (const login of [{ username: 'dev1', password: Buffer.from(dev1.token) }, { username: dev1.token }]) {
      const client = await server.openPlain();
      const connect = mqttPacket.generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clientId: 'eager',
        clean: true,
        keepalive: 60,
        ...login,
      });
      const rest = [subscribe(1, 'devices/dev1/#'), publish('devices/dev1/events/eager', 1, { qos: 1, messageId: 2 })];
      client.sendBytes(Buffer.concat([connect, ...rest.map((one) => mqttPacket.generate(one))]));
      await client.next('puback');
      expect(client.received[0]).toMatchObject({ cmd: 'connack', returnCode: 0 });
      expect(await client.next('suback')).toMatchObject({ granted: [1] });
      expect(await client.next('publish')).toMatchObject({ topic: 'devices/dev1/events/eager' });
      await client.end();
    }
  });

  test('A12 SEC-56 a throw in the device directory ends one connection, not the process', async () => {
    const fragile = await startTestBroker({
      around: (devices) => ({
        ...devices,
        enqueue: () => {
          throw new Error('a bug');
        },
      }),
    });
    const device = await fragile.register('fragile');
    const client = await fragile.open(device);
    await client.connect();
    client.send(publish('devices/fragile/telemetry', { a: 1 }, { qos: 1, messageId: 1 }));
    await client.closed;
    const again = await fragile.open(device);
    expect(await again.connect()).toMatchObject({ returnCode: 0 });
    await fragile.stop();
  });
});
