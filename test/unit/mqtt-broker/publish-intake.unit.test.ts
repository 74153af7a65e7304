import { describe, expect, test } from '@jest/globals';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { brokerOfTheTest, eventually, type TestBrokerOptions } from '../../support/mqtt-broker.js';
import { publish, subscribe, type RawClient } from '../../support/mqtt-raw-client.js';
import { seededRandom } from '../../support/seeded-random.js';

const TOPIC = 'devices/dev1/telemetry';
const telemetry = (messageId: number) => publish(TOPIC, { n: messageId }, { qos: 1, messageId });

describe('publishes that are taken past aedes', () => {
  const start = brokerOfTheTest();
  /** A device whose first publishes have shown that nobody hears its topic: those go through aedes. */
  async function known(options: TestBrokerOptions = {}) {
    const server = await start(options);
    const device = await server.register('dev1');
    const client = await server.open(device);
    await client.connect();
    for (const messageId of [60_001, 60_002]) {
      client.send(telemetry(messageId));
      await client.next('puback');
    }
    const numbers = () =>
      server.events(device, 'TelemetryRecorded').map(({ data }) => (data['values'] as { n: number }).n);
    return { server, device, client, numbers };
  }
  async function pubacks(client: RawClient, count: number): Promise<(number | undefined)[]> {
    const ids: (number | undefined)[] = [];
    while (ids.length < count) ids.push((await client.next('puback')).messageId);
    return ids;
  }

  test.each([1, 2, 3])(
    'I6 keep their order wherever the stream is cut and whatever stands between (seed %i)',
    async (seed) => {
      const { client, numbers } = await known();
      const random = seededRandom(seed);
      const others: Packet[] = [
        { cmd: 'pingreq' },
        subscribe(61_000, 'devices/dev1/errors'),
        publish('devices/dev1/events/é', 0, { qos: 0 }),
      ];
      const ids = Array.from({ length: 400 }, (_, index) => index + 1);
      const packets = ids.flatMap((id) => [
        telemetry(id),
        ...(random() < 0.1 ? [others[Math.floor(random() * others.length)]!] : []),
      ]);
      const bytes = Buffer.concat(packets.map((packet) => mqttPacket.generate(packet)));
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + Math.floor(random() * (random() < 0.5 ? 7 : 700));
        client.sendBytes(bytes.subarray(at, end));
        at = end;
        if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await pubacks(client, ids.length)).toEqual(ids);
      expect(numbers().slice(2)).toEqual(ids);
    },
  );

  test('I6 what comes while older bytes wait unread does not overtake them', async () => {
    const { client, server: own, numbers } = await known({ limits: { unacknowledged: 3 } });
    own.memory.faults.appendDelayMs = 1;
    const ids = Array.from({ length: 400 }, (_, index) => index + 1);
    for (const id of ids) {
      client.send(telemetry(id));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await pubacks(client, ids.length)).toEqual(ids);
    expect(numbers().slice(2)).toEqual(ids);
  });

  test('a refused payload among them is acknowledged in its turn, and told', async () => {
    const { client, server: own, device } = await known();
    client.send(subscribe(1, 'devices/dev1/errors'));
    await client.next('suback');
    client.send(telemetry(1), publish(TOPIC, '{"broken":', { qos: 1, messageId: 2 }), telemetry(3));
    expect(await pubacks(client, 3)).toEqual([1, 2, 3]);
    expect(JSON.parse((await client.next('publish')).payload.toString())).toMatchObject({ code: 'PAYLOAD_INVALID' });
    expect(own.events(device, 'MessageRejected')).toHaveLength(1);
  });

  test('a payload that looks like a PUBLISH is none, even when the stream is cut before it', async () => {
    const { client, numbers } = await known();
    const inner = mqttPacket.generate(telemetry(13));
    const outer = mqttPacket.generate(publish(TOPIC, inner, { qos: 1, messageId: 1 }));
    client.sendBytes(outer.subarray(0, -inner.length));
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.sendBytes(outer.subarray(-inner.length));
    client.send(telemetry(2));
    expect(await pubacks(client, 2)).toEqual([1, 2]);
    expect(numbers()).toEqual([60_001, 60_002, 2]);
  });

  test('whoever subscribes hears everything behind the SUBACK, once and in order', async () => {
    const { client, server: own, device } = await known();
    const reader = await own.open(device);
    client.send(subscribe(7, [TOPIC, 0]));
    client.send(...[1, 2, 3].map(telemetry));
    await pubacks(client, 3);
    client.send(...[4, 5, 6].map(telemetry));
    await pubacks(client, 3);
    await eventually(() => client.received.filter(({ cmd }) => cmd === 'publish').length >= 6, 'six are delivered');
    const heard = client.received.flatMap((packet) =>
      packet.cmd === 'publish' ? [(JSON.parse(packet.payload.toString()) as { n: number }).n] : [],
    );
    expect(heard).toEqual([1, 2, 3, 4, 5, 6]);
    await reader.end();
  });

  test('what was held while somebody subscribed is heard as it was sent, whatever was read meanwhile', async () => {
    const { client, server: own } = await known();
    own.memory.faults.stalled = true;
    client.send(telemetry(1));
    await eventually(() => own.broker.waiting().publishes === 1, 'the first one is held');
    client.send(subscribe(7, [TOPIC, 0]));
    await client.next('suback');
    client.send(telemetry(2));
    await eventually(() => own.broker.waiting().publishes === 2, 'the second one is held');
    own.memory.faults.stalled = false;
    const heard = [await client.next('publish'), await client.next('publish')];
    expect(heard.map(({ payload }) => JSON.parse(payload.toString()) as unknown)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test('a sleeping session is still given what came while it slept', async () => {
    const server = await start();
    const device = await server.register('dev1');
    const sleeper = await server.open(device);
    await sleeper.connect({ clean: false });
    sleeper.send(telemetry(1), telemetry(2));
    await pubacks(sleeper, 2);
    sleeper.send(subscribe(3, [TOPIC, 1]));
    await sleeper.next('suback');
    sleeper.send(telemetry(4));
    await sleeper.next('puback');
    expect(JSON.parse((await sleeper.next('publish')).payload.toString())).toEqual({ n: 4 });
    await sleeper.end();
  });

  const nineWith = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = mqttPacket.generate(telemetry(9));
    change(bytes);
    return bytes;
  };
  test.each([
    ['packet identifier 0', nineWith((bytes) => bytes.writeUInt16BE(0, 4 + TOPIC.length))],
    ['DUP with QoS 0', nineWith((bytes) => (bytes[0] = 0x38))],
    ['QoS 3', nineWith((bytes) => (bytes[0] = 0x36))],
    ['a topic beyond its packet', nineWith((bytes) => bytes.writeUInt16BE(999, 2))],
    ['a length of five bytes', Buffer.from([0x32, 0xff, 0xff, 0xff, 0xff, 0x01])],
  ])('SEC-57 %s ends the connection, and what stood before it is journaled', async (_, fault) => {
    const { client, numbers } = await known();
    client.sendBytes(Buffer.concat([mqttPacket.generate(telemetry(1)), fault]));
    await client.closed;
    await eventually(() => numbers().length === 3, 'the first one is journaled');
    expect(numbers().at(-1)).toBe(1);
  });

  test('a connection holds no more than its bound of bytes; the rest is left unread', async () => {
    const { client, server: own } = await known({ limits: { unacknowledgedBytes: 64 * 1024 } });
    own.memory.faults.stalled = true;
    const padding = 'x'.repeat(20_000);
    for (let messageId = 1; messageId <= 60; messageId += 1)
      client.send(publish('devices/dev1/events/big', { padding }, { qos: 1, messageId }));
    await eventually(() => own.broker.waiting().publishes > 0, 'some are held');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(own.broker.waiting().bytes).toBeLessThan(64 * 1024 + 2 * 64 * 1024);
    own.memory.faults.stalled = false;
    expect(await pubacks(client, 60)).toHaveLength(60);
  });

  test('the bytes of one connection are never those of another, over TLS and plain TCP', async () => {
    const { server } = await known();
    const names = Array.from({ length: 12 }, (_, index) => `one${index}`);
    const clients = await Promise.all(
      names.map(async (name, index) => {
        const device = await server.register(name);
        const client = index % 2 === 0 ? await server.open(device) : await server.openPlain();
        await client.connect(
          index % 2 === 0 ? {} : { clientId: name, username: name, password: Buffer.from(device.token) },
        );
        return { name, device, client };
      }),
    );
    const bytesOf = (name: string, messageId: number): Buffer =>
      mqttPacket.generate(publish(`devices/${name}/telemetry`, { who: name, n: messageId }, { qos: 1, messageId }));
    for (let round = 0; round < 20; round += 1) {
      for (const { name, client } of clients) {
        const bytes = Buffer.concat([bytesOf(name, 2 * round + 1), bytesOf(name, 2 * round + 2)]);
        // Cut within the second packet: its beginning waits while others are read into the same buffer.
        client.sendBytes(bytes.subarray(0, -20));
        setTimeout(() => client.sendBytes(bytes.subarray(-20)), round % 5);
      }
      await Promise.all(clients.map(({ client }) => pubacks(client, 2)));
    }
    for (const { name, device } of clients) {
      const values = server.events(device, 'TelemetryRecorded').map(({ data }) => data['values']);
      expect(values).toEqual(Array.from({ length: 40 }, (_, index) => ({ who: name, n: index + 1 })));
    }
  });
});
