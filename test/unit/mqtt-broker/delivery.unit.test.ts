import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, startTestBroker, type TestBroker, type TestDevice } from '../../support/mqtt-broker.js';
import { publish, subscribe, type RawClient } from '../../support/mqtt-raw-client.js';

const namesOf = (client: RawClient): string[] =>
  client.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.topic] : []));

describe('what is delivered', () => {
  let server: TestBroker;
  let dev1: TestDevice;
  let open: RawClient[] = [];
  beforeAll(async () => {
    server = await startTestBroker();
    dev1 = await server.register('dev1');
  });
  afterEach(async () => {
    await Promise.all(open.map((client) => client.end()));
    open = [];
  });
  afterAll(() => server.stop());

  async function connect(device: TestDevice, clean = true): Promise<RawClient> {
    const client = await server.open(device);
    expect(await client.connect({ clean })).toMatchObject({ returnCode: 0 });
    open.push(client);
    return client;
  }

  /** As mosquitto does between two sessions: without the will and with an end that is journaled. */
  async function leave(client: RawClient): Promise<void> {
    client.send({ cmd: 'disconnect' });
    await client.closed;
  }

  test('SEC-134 topics carry no tenant on the wire, and two tenants with equal names never meet', async () => {
    const theirs = await server.register('dev1', 'acme');
    const ours = await connect(dev1);
    const other = await connect(theirs);
    for (const client of [ours, other]) {
      client.send(subscribe(1, 'devices/dev1/#'));
      await client.next('suback');
    }
    other.send(publish('devices/dev1/events/canary', 1, { qos: 1, messageId: 1 }));
    expect(await other.next('publish')).toMatchObject({ topic: 'devices/dev1/events/canary' });
    await ours.ping();
    expect(namesOf(ours)).toEqual([]);
    expect(server.events(theirs, 'DeviceEventRecorded')[0]).toMatchObject({ metadata: { tenant: 'acme' } });
  });

  test('SEC-43 the retain flag of a device is cleared: nothing is served later', async () => {
    const client = await connect(dev1);
    client.send(publish('devices/dev1/events/kept', 1, { qos: 1, messageId: 1, retain: true }));
    await client.next('puback');
    client.send(subscribe(2, 'devices/dev1/#'));
    await client.next('suback');
    await client.ping();
    expect(namesOf(client)).toEqual([]);
  });

  test('a message reaches a subscriber at the lower of both QoS, wildcards included', async () => {
    const client = await connect(dev1);
    client.send(subscribe(1, ['devices/dev1/events/+', 1], ['devices/dev1/telemetry', 2]));
    expect(await client.next('suback')).toMatchObject({ granted: [1, 2] });
    client.send(publish('devices/dev1/events/x', 1, { qos: 2, messageId: 1 }));
    expect(await client.next('publish')).toMatchObject({ qos: 1 });
    client.send(publish('devices/dev1/telemetry', { a: 1 }, { qos: 2, messageId: 2 }));
    expect(await client.next('publish')).toMatchObject({ qos: 2 });
  });

  test.each([
    [0, true],
    [0, false],
    [1, true],
    [1, false],
  ])(
    'A2 SEC-41 of [allowed, denied] the denied filter never delivers, also after a reconnect (position %i, clean %p)',
    async (position, clean) => {
      const device = await server.register(`a2-${position}-${String(clean)}`);
      const victim = await server.register(`victim-${position}-${String(clean)}`);
      const filters = [`devices/${device.id}/#`, `devices/${victim.id}/#`];
      const first = await connect(device, clean);
      first.send(subscribe(1, ...(position === 0 ? filters : filters.reverse())));
      expect((await first.next('suback')).granted).toEqual(position === 0 ? [1, 128] : [128, 1]);
      await leave(first);
      const again = await connect(device, clean);
      const sender = await connect(victim);
      sender.send(publish(`devices/${victim.id}/events/secret`, 1, { qos: 1, messageId: 1 }));
      await sender.next('puback');
      again.send(publish(`devices/${device.id}/events/own`, 1, { qos: 1, messageId: 1 }));
      await again.next('puback');
      if (!clean) await again.next('publish');
      await again.ping();
      expect(namesOf(again).filter((name) => name.includes(victim.id))).toEqual([]);
    },
  );

  test('A3 a session whose filter is not allowed any more is restored without it', async () => {
    const device = await server.register('a3');
    const first = await connect(device, false);
    first.send(subscribe(1, 'devices/a3/#', 'devices/elsewhere/#'));
    await first.next('suback');
    await leave(first);
    const again = await server.open(device);
    expect(await again.connect({ clean: false })).toMatchObject({ returnCode: 0, sessionPresent: true });
    await again.ping();
    await again.end();
  });

  test.each([true, false])('REL-11 none of 100 messages at QoS 0 and 1 is lost (clean %p)', async (clean) => {
    const device = await server.register(`a1-${String(clean)}`);
    const client = await connect(device, clean);
    client.send(subscribe(1, `devices/${device.id}/events/+`));
    await client.next('suback');
    for (let id = 1; id <= 100; id += 1) {
      const qos = id % 3 === 0 ? 0 : 1;
      client.send(publish(`devices/${device.id}/events/n`, id, qos === 0 ? {} : { qos, messageId: id }));
      if (id % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const bodies = new Set<string>();
    while (bodies.size < 100) {
      const message = await client.next('publish');
      bodies.add(message.payload.toString());
      if (message.qos === 1) client.send({ cmd: 'puback', messageId: message.messageId! });
    }
    expect(bodies.size).toBe(100);
  });

  test('a sleeping session gets what was sent meanwhile, with the tenant cut off, once it is back', async () => {
    const device = await server.register('sleeper');
    const client = await connect(device, false);
    client.send(subscribe(1, 'devices/sleeper/#'));
    await client.next('suback');
    await leave(client);
    // The device itself, through a clean client id of its own, is the only one that may publish there: by its will.
    const willing = await server.open(device);
    const will = { topic: 'devices/sleeper/events/bye', payload: Buffer.from('1'), qos: 1 as const, retain: false };
    await willing.connect({ clean: false, will });
    await willing.end();
    await eventually(() => server.events(device, 'DeviceEventRecorded').length === 1, 'the will is journaled');
    const back = await connect(device, false);
    expect(await back.next('publish')).toMatchObject({ topic: 'devices/sleeper/events/bye', qos: 1 });
  });

  test.each([
    ['makes no progress', { drainMs: 500, unsentBytes: 1024 * 1024 * 1024 }],
    ['lets too many bytes wait', { drainMs: 60_000, unsentBytes: 256 * 1024 }],
  ])('A4 a reader that %s is cut, and others keep their pace', async (_name, limits) => {
    const slow = await startTestBroker({ limits });
    const device = await slow.register('slow');
    const other = await slow.register('other');
    const reader = await slow.open(device);
    await reader.connect();
    reader.send(subscribe(1, 'devices/slow/#'));
    await reader.next('suback');
    reader.socket.pause();
    const padding = 'x'.repeat(60_000);
    for (let id = 1; id <= 400; id += 1) {
      if (reader.isClosed || reader.socket.destroyed) break;
      reader.send(publish('devices/slow/events/big', { padding, id }));
      if (id % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const good = await slow.open(other);
    await good.connect();
    good.send(subscribe(1, 'devices/other/#'));
    await good.next('suback');
    for (let id = 1; id <= 50; id += 1) good.send(publish('devices/other/events/x', id, { qos: 1, messageId: id }));
    for (let id = 1; id <= 50; id += 1) await good.next('publish');
    await eventually(() => slow.events(device, 'DeviceDisconnected').length === 1, 'the slow reader is cut');
    expect(slow.events(device, 'DeviceDisconnected')[0]).toMatchObject({ data: { reason: 'SLOW_CONSUMER' } });
    await slow.stop();
  });

  test('A13 a topic without a device id is not forwarded: it is refused', async () => {
    const client = await connect(dev1);
    client.send(publish('v1/devices/me/telemetry', { a: 1 }, { qos: 1, messageId: 1 }));
    await client.next('puback');
    expect(server.events(dev1).at(-1)).toMatchObject({ type: 'MessageRejected' });
    client.send(subscribe(2, 'v1/devices/me/#'));
    expect(await client.next('suback')).toMatchObject({ granted: [128] });
  });
});
