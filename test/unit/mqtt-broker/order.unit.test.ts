import { describe, expect, test } from '@jest/globals';
import type { DeviceCommand } from '../../../src/actors/device/commands.js';
import type { DeviceState } from '../../../src/actors/device/state.js';
import type { Ask, EntityDirectory, Outcome } from '../../../src/actors/kernel/ports/entities.js';
import { brokerOfTheTest, eventually, type TestBrokerOptions } from '../../support/mqtt-broker.js';
import { publish } from '../../support/mqtt-raw-client.js';
import { seededRandom } from '../../support/seeded-random.js';

type Devices = EntityDirectory<DeviceCommand, DeviceState>;

/** A directory whose answers to messages come after a random time each, in any order: worse than the real one ever is. */
function jittered(seed: number): (devices: Devices) => Devices {
  const random = seededRandom(seed);
  return (devices) => ({
    ...devices,
    enqueue(stream, ask) {
      const recorded = { stream, shard: 0, sequence: 1, position: 1, count: 1 };
      const outcome: Outcome =
        ask.command.type === 'RejectMessage'
          ? { kind: 'rejected', rejection: { code: 'PAYLOAD_INVALID', detail: 'x' }, recorded }
          : { kind: 'accepted', recorded };
      setTimeout(() => ask.settle(outcome), random() * 10);
      return true;
    },
  });
}

/** A directory that keeps all messages until it is told, and may say that it is full. */
function holding(): { around: (devices: Devices) => Devices; held: Ask<DeviceCommand>[]; capacity: number } {
  const state = {
    held: [] as Ask<DeviceCommand>[],
    capacity: Infinity,
    around: (devices: Devices): Devices => ({
      ...devices,
      enqueue(_stream, ask) {
        if (state.held.length >= state.capacity) return false;
        state.held.push(ask);
        return true;
      },
    }),
  };
  return state;
}

const accepted: Outcome = {
  kind: 'accepted',
  recorded: { stream: 's', shard: 0, sequence: 1, position: 1, count: 1 },
};

const NOTHING_WAITS = { publishes: 0, bytes: 0, oldestSeconds: 0, isFull: false };

describe('acknowledgements', () => {
  const start = brokerOfTheTest();
  async function connected(options: TestBrokerOptions = {}) {
    const server = await start(options);
    const device = await server.register('dev1');
    const client = await server.open(device);
    await client.connect();
    return { server, device, client };
  }
  const telemetry = (messageId: number) => publish('devices/dev1/telemetry', { n: messageId }, { qos: 1, messageId });

  test.each([1, 2, 3])(
    'I6 leave in the order of the publishes, whatever the order of the commits (seed %i)',
    async (seed) => {
      const { client } = await connected({ around: jittered(seed) });
      const random = seededRandom(seed);
      const ids = Array.from({ length: 300 }, (_, index) => index + 1);
      for (let at = 0; at < ids.length;) {
        const burst = ids.slice(at, at + 1 + Math.floor(random() * 40));
        at += burst.length;
        client.send(
          ...burst.map((id) =>
            random() < 0.2 ? publish('devices/dev1/telemetry', 'broken', { qos: 1, messageId: id }) : telemetry(id),
          ),
        );
        await new Promise((resolve) => setTimeout(resolve, random() * 5));
      }
      const acknowledged: (number | undefined)[] = [];
      while (acknowledged.length < ids.length) acknowledged.push((await client.next('puback')).messageId);
      expect(acknowledged).toEqual(ids);
    },
  );

  test('take the mailbox slot in the turn in which the packet is parsed, QoS 0 and 1 alike', async () => {
    const gate = holding();
    const { client, server } = await connected({ around: gate.around });
    client.send(telemetry(1), publish('devices/dev1/events/x', 0), telemetry(2), telemetry(3));
    await eventually(() => gate.held.length === 4, 'all are asked');
    expect(gate.held.map(({ command }) => command.type)).toEqual([
      'RecordTelemetry',
      'RecordDeviceEvent',
      'RecordTelemetry',
      'RecordTelemetry',
    ]);
    // Finished behind an unfinished head: nothing leaves.
    gate.held[3]!.settle(accepted);
    gate.held[2]!.settle(accepted);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(client.received.filter(({ cmd }) => cmd === 'puback')).toHaveLength(0);
    gate.held[0]!.settle(accepted);
    gate.held[1]!.settle(accepted);
    expect([await client.next('puback'), await client.next('puback'), await client.next('puback')]).toMatchObject([
      { messageId: 1 },
      { messageId: 2 },
      { messageId: 3 },
    ]);
    expect(server.broker.waiting()).toEqual(NOTHING_WAITS);
  });

  test('a full inbox holds the rest back in order, and takes it when there is room', async () => {
    const gate = holding();
    gate.capacity = 2;
    const { client, server } = await connected({ around: gate.around });
    client.send(telemetry(1), telemetry(2), telemetry(3), telemetry(4));
    await eventually(() => server.broker.waiting().publishes === 4, 'all are waiting');
    expect(gate.held).toHaveLength(2);
    const order: unknown[] = [];
    for (let index = 0; index < 4; index += 1) {
      await eventually(() => gate.held.length > 0, 'the next one is asked');
      const ask = gate.held.shift()!;
      order.push((ask.command as { records?: { values: object }[] }).records?.[0]?.values);
      ask.settle(accepted);
    }
    expect(order).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
    for (const id of [1, 2, 3, 4]) expect(await client.next('puback')).toMatchObject({ messageId: id });
  });

  test('a publish that the journal holds too long closes its socket unacknowledged, and is abandoned', async () => {
    const gate = holding();
    const { client, device, server } = await connected({ around: gate.around, limits: { holdMs: 200 } });
    client.send(telemetry(1), telemetry(2));
    await client.closed;
    expect(client.received.filter(({ cmd }) => cmd === 'puback')).toHaveLength(0);
    expect(gate.held.map(({ abandoned }) => abandoned)).toEqual([true, true]);
    gate.held[0]!.settle(accepted);
    expect(server.broker.waiting()).toEqual(NOTHING_WAITS);
    await eventually(() => server.events(device, 'DeviceDisconnected').length === 1, 'the end is journaled');
    expect(server.events(device, 'DeviceDisconnected')[0]).toMatchObject({ data: { reason: 'JOURNAL_STALLED' } });
  });

  test('what the entity could not journal is never acknowledged, nor what stands behind it', async () => {
    const gate = holding();
    const { client } = await connected({ around: gate.around });
    client.send(telemetry(1), telemetry(2));
    await eventually(() => gate.held.length === 2, 'both are asked');
    gate.held[0]!.settle({ kind: 'failed', code: 'JOURNAL_UNAVAILABLE' });
    gate.held[1]!.settle(accepted);
    await client.closed;
    expect(client.received.filter(({ cmd }) => cmd === 'puback')).toHaveLength(0);
  });

  test('a message of a superseded session is not acknowledged', async () => {
    const gate = holding();
    const { client } = await connected({ around: gate.around });
    client.send(telemetry(1));
    await eventually(() => gate.held.length === 1, 'it is asked');
    gate.held[0]!.settle({ kind: 'rejected', rejection: { code: 'SESSION_SUPERSEDED', detail: 'x' } });
    await client.closed;
    expect(client.received.filter(({ cmd }) => cmd === 'puback')).toHaveLength(0);
  });

  test('a socket with a window full of waiting publishes is not read any more', async () => {
    const gate = holding();
    const { client } = await connected({ around: gate.around, limits: { unacknowledged: 10 } });
    const padding = 'x'.repeat(8_000);
    const total = 400;
    const send = (from: number, to: number): void => {
      for (let id = from; id <= to; id += 1) {
        client.send(publish('devices/dev1/events/big', { padding, id }, { qos: 1, messageId: id }));
      }
    };
    send(1, total);
    await eventually(() => gate.held.length >= 5, 'the first ones are asked');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(gate.held.length).toBeLessThan(60);
    const answered: (number | undefined)[] = [];
    while (answered.length < total) {
      await eventually(() => gate.held.length > 0, 'the next ones are asked');
      for (const ask of gate.held.splice(0)) {
        ask.settle(accepted);
        answered.push((await client.next('puback')).messageId);
      }
    }
    expect(answered).toEqual(Array.from({ length: total }, (_, index) => index + 1));
  });

  test('what the inbox refused once is not overtaken by what it would take now', async () => {
    let refusals = 1;
    const { client, device, server } = await connected({
      around: (devices) => ({
        ...devices,
        enqueue: (stream, ask) =>
          JSON.stringify(ask.command).includes('"n":2') && refusals-- > 0 ? false : devices.enqueue(stream, ask),
      }),
    });
    client.send(...[1, 2, 3].map(telemetry));
    for (const id of [1, 2, 3]) expect(await client.next('puback')).toMatchObject({ messageId: id });
    const journaled = server.events(device, 'TelemetryRecorded').map(({ data }) => data['values']);
    expect(journaled).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  test('above the bound of the node publishers are not read, and go on when there is room', async () => {
    const gate = holding();
    const { client, server: own } = await connected({ around: gate.around, limits: { waitingPublishes: 4 } });
    client.send(...[1, 2, 3, 4].map(telemetry));
    await eventually(() => gate.held.length === 4, 'the bound is reached');
    const other = await own.open(await own.register('dev2'));
    await other.connect();
    const theirs = (messageId: number) => publish('devices/dev2/telemetry', { n: 1 }, { qos: 1, messageId });
    // Nobody is stopped before publishing; from then on the socket is not read.
    other.send(theirs(1));
    await eventually(() => gate.held.length === 5, 'one more is asked');
    other.send(theirs(2));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(own.broker.waiting()).toMatchObject({ publishes: 5, isFull: true });
    expect(own.broker.waiting().oldestSeconds).toBeGreaterThan(0.1);
    expect(own.broker.unread()).toEqual({ node: 2 });
    for (const ask of gate.held.splice(0)) ask.settle(accepted);
    await eventually(() => gate.held.length === 1, 'it is read on');
    expect(own.broker.unread()).toEqual({});
    gate.held[0]!.settle(accepted);
    expect([await other.next('puback'), await other.next('puback')]).toMatchObject([
      { messageId: 1 },
      { messageId: 2 },
    ]);
  });

  test('what a turn may not take any more is read in the next ones, in the order of each connection', async () => {
    const { client, device, server: own } = await connected({ limits: { publishesPerTurn: 2 } });
    const other = await own.open(await own.register('dev3'));
    await other.connect();
    const theirs = (messageId: number) => publish('devices/dev3/telemetry', { n: messageId }, { qos: 1, messageId });
    const ids = Array.from({ length: 40 }, (_, index) => index + 1);
    client.send(...ids.map(telemetry));
    other.send(...ids.map(theirs));
    for (const id of ids) {
      expect(await client.next('puback')).toMatchObject({ messageId: id });
      expect(await other.next('puback')).toMatchObject({ messageId: id });
    }
    expect(own.events(device, 'TelemetryRecorded').map(({ data }) => data['values'])).toEqual(ids.map((n) => ({ n })));
    expect(own.broker.unread()).toEqual({});
  });

  test('a device above its rate is read more slowly, and nothing of it is lost', async () => {
    const { client, device, server } = await connected({ limits: { publishRate: 50, publishBurst: 5 } });
    for (let id = 1; id <= 30; id += 1) {
      client.send(telemetry(id));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    for (let id = 1; id <= 30; id += 1) expect(await client.next('puback')).toMatchObject({ messageId: id });
    expect(server.events(device, 'TelemetryRecorded')).toHaveLength(30);
  });

  test('SEC-48 after too many refusals a connection is read slowly, not closed, and each refusal is journaled', async () => {
    const { client, device, server } = await connected({ limits: { refusalsPerMinute: 5 } });
    for (let id = 1; id <= 5; id += 1) {
      client.send(publish('devices/dev2/telemetry', { n: id }, { qos: 1, messageId: id }));
      await client.next('puback');
    }
    const startedAt = Date.now();
    client.send(publish('devices/dev2/telemetry', { n: 6 }, { qos: 1, messageId: 6 }));
    await client.next('puback');
    client.send(publish('devices/dev2/telemetry', { n: 7 }, { qos: 1, messageId: 7 }));
    await client.next('puback');
    expect(Date.now() - startedAt).toBeGreaterThan(900);
    expect(server.events(device, 'MessageRejected')).toHaveLength(7);
    expect(client.isClosed).toBe(false);
  });

  test('Postgres away: publishes are held and acknowledged when it is back, never before', async () => {
    const { client, device, server: own } = await connected();
    own.memory.faults.stalled = true;
    client.send(telemetry(1), telemetry(2));
    await eventually(() => own.broker.waiting().publishes === 2, 'they wait');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(client.received.filter(({ cmd }) => cmd === 'puback')).toHaveLength(0);
    own.memory.faults.stalled = false;
    expect(await client.next('puback')).toMatchObject({ messageId: 1 });
    expect(await client.next('puback')).toMatchObject({ messageId: 2 });
    expect(own.events(device, 'TelemetryRecorded')).toHaveLength(2);
  });

  test('I7 QoS 2 is journaled once, however often each step is repeated', async () => {
    const { device, server: own, client: first } = await connected();
    const message = publish('devices/dev1/telemetry', { n: 1 }, { qos: 2, messageId: 77 });
    const again = { ...message, dup: true };
    await first.end();
    const client = await own.open(device);
    await client.connect({ clean: false });
    client.send(message);
    expect(await client.next('pubrec')).toMatchObject({ messageId: 77 });
    client.send(again);
    expect(await client.next('pubrec')).toMatchObject({ messageId: 77 });
    await client.end();
    const second = await own.open(device);
    await second.connect({ clean: false });
    second.send(again);
    expect(await second.next('pubrec')).toMatchObject({ messageId: 77 });
    expect(own.events(device, 'TelemetryRecorded')).toHaveLength(1);
    second.send({ cmd: 'pubrel', messageId: 77 });
    expect(await second.next('pubcomp')).toMatchObject({ messageId: 77 });
    second.send({ cmd: 'pubrel', messageId: 77 });
    expect(await second.next('pubcomp')).toMatchObject({ messageId: 77 });
    second.send(message);
    expect(await second.next('pubrec')).toMatchObject({ messageId: 77 });
    expect(own.events(device, 'TelemetryRecorded')).toHaveLength(2);
  });

  test.each([
    ['right after PUBLISH', 0],
    ['after PUBREC', 1],
    ['right after PUBREL', 2],
    ['after PUBCOMP', 3],
  ])('I7 QoS 2 is journaled once when the server is gone %s and the device repeats', async (_name, step) => {
    const { device, server: own, client: first } = await connected();
    await first.end();
    const message = publish('devices/dev1/telemetry', { n: 1 }, { qos: 2, messageId: 9 });
    const client = await own.open(device);
    await client.connect({ clean: false });
    client.send(message);
    if (step >= 1) await client.next('pubrec');
    if (step >= 2) client.send({ cmd: 'pubrel', messageId: 9 });
    if (step >= 3) await client.next('pubcomp');
    await own.stop();

    const server = await start({ memory: own.memory });
    const back = await server.open(device);
    expect(await back.connect({ clean: false })).toMatchObject({ returnCode: 0 });
    if (step < 2) {
      back.send({ ...message, dup: true });
      await back.next('pubrec');
    }
    back.send({ cmd: 'pubrel', messageId: 9 });
    expect(await back.next('pubcomp')).toMatchObject({ messageId: 9 });
    expect(server.events(device, 'TelemetryRecorded')).toHaveLength(1);
    // The id is free again.
    back.send(publish('devices/dev1/telemetry', { n: 2 }, { qos: 2, messageId: 9 }));
    await back.next('pubrec');
    expect(server.events(device, 'TelemetryRecorded')).toHaveLength(2);
  });

  test('I7 QoS 2 messages of one chunk are journaled in their order, whatever the look-ups of their ids take', async () => {
    const random = seededRandom(3);
    const around = (devices: Devices): Devices => ({
      ...devices,
      async hasIncoming(stream, messageId) {
        await new Promise((resolve) => setTimeout(resolve, random() * 10));
        return devices.hasIncoming(stream, messageId);
      },
    });
    const { client, device, server: own } = await connected({ around });
    const ids = Array.from({ length: 30 }, (_, index) => index + 1);
    client.send(...ids.map((id) => publish('devices/dev1/events/n', id, { qos: 2, messageId: id })));
    const received: (number | undefined)[] = [];
    while (received.length < ids.length) received.push((await client.next('pubrec')).messageId);
    expect(received).toEqual(ids);
    expect(own.events(device, 'DeviceEventRecorded').map(({ data }) => data['body'])).toEqual(ids);
  });

  test('I7 a clean session begins without the QoS 2 ids of the one before', async () => {
    const { device, server: own, client: first } = await connected();
    await first.end();
    const stored = await own.open(device);
    await stored.connect({ clean: false });
    const message = publish('devices/dev1/telemetry', { n: 1 }, { qos: 2, messageId: 5 });
    stored.send(message);
    await stored.next('pubrec');
    await stored.end();
    const clean = await own.open(device);
    await clean.connect({ clean: true });
    clean.send(message);
    await clean.next('pubrec');
    expect(own.events(device, 'TelemetryRecorded')).toHaveLength(2);
  });

  test('A19 PUBCOMP waits until the id is released, and never comes when it could not be', async () => {
    let isBroken = true;
    const around = (devices: Devices): Devices => ({
      ...devices,
      releaseIncoming: (stream, ids) =>
        isBroken && ids ? Promise.reject(new Error('Postgres is away')) : devices.releaseIncoming(stream, ids),
    });
    const { client } = await connected({ around });
    client.send(publish('devices/dev1/telemetry', { n: 1 }, { qos: 2, messageId: 3 }));
    await client.next('pubrec');
    client.send({ cmd: 'pubrel', messageId: 3 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(client.received.filter(({ cmd }) => cmd === 'pubcomp')).toHaveLength(0);
    isBroken = false;
    expect(await client.next('pubcomp')).toMatchObject({ messageId: 3 });
  });

  test('A19 a release that Postgres never answers ends in a closed socket without PUBCOMP', async () => {
    const around = (devices: Devices): Devices => ({
      ...devices,
      releaseIncoming: (stream, ids) =>
        ids ? Promise.reject(new Error('Postgres is away')) : devices.releaseIncoming(stream, ids),
    });
    const { client } = await connected({ around, limits: { holdMs: 300 } });
    client.send(publish('devices/dev1/telemetry', { n: 1 }, { qos: 2, messageId: 3 }));
    await client.next('pubrec');
    client.send({ cmd: 'pubrel', messageId: 3 });
    await client.closed;
    expect(client.received.filter(({ cmd }) => cmd === 'pubcomp')).toHaveLength(0);
  });

  test('SEC-54 at a hundred QoS 2 messages without PUBREL the connection is closed', async () => {
    const { client, device, server } = await connected();
    for (let id = 1; id <= 110; id += 1) {
      client.send(publish('devices/dev1/telemetry', { n: id }, { qos: 2, messageId: id }));
    }
    await client.closed;
    expect(server.events(device, 'TelemetryRecorded').length).toBeLessThanOrEqual(100);
  });

  test('stop journals what waits, acknowledges it, sends wills once and tells why the session ended', async () => {
    const { client, device, server: own } = await connected();
    const will = { topic: 'devices/dev1/events/gone', payload: Buffer.from('{}'), qos: 1 as const, retain: false };
    await client.end();
    const willing = await own.open(device);
    await willing.connect({ will });
    own.memory.faults.appendDelayMs = 50;
    willing.send(telemetry(1), telemetry(2));
    await eventually(() => own.broker.waiting().publishes === 2, 'they wait');
    await own.broker.stop();
    await willing.closed;
    expect(willing.received.filter(({ cmd }) => cmd === 'puback')).toHaveLength(2);
    expect(
      own
        .events(device)
        .map(({ type }) => type)
        .slice(-4),
    ).toEqual(['TelemetryRecorded', 'TelemetryRecorded', 'DeviceEventRecorded', 'DeviceDisconnected']);
    expect(own.events(device).at(-1)).toMatchObject({ data: { reason: 'SERVER_STOPPED' } });
    await expect(own.openPlain()).rejects.toThrow('ECONNREFUSED');
  });
});
