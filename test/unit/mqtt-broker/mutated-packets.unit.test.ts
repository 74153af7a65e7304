import { afterAll, beforeAll, expect, test } from '@jest/globals';
import mqttPacket, { type IConnectPacket, type Packet } from 'mqtt-packet';
import { eventually, startTestBroker, type TestBroker, type TestDevice } from '../../support/mqtt-broker.js';
import { publish, subscribe } from '../../support/mqtt-raw-client.js';
import { seededRandom } from '../../support/seeded-random.js';

const CONNECTIONS = 1_000;
const BATCH = 10;
/** So often another device is answered until the clients leave: turns of the event loop, where a time says nothing on a busy machine. */
const ANSWERS = 5;
const SEED = 58;
/** NUL, the ends of a byte, and the signs of topics. */
const SPECIAL_BYTES = [0, 255, 128, 35, 43, 47];

let server: TestBroker;
let victims: readonly TestDevice[];
let bystander: TestDevice;
beforeAll(async () => {
  server = await startTestBroker({ limits: { wrongTokensPerDevice: 1e6, wrongTokensPerAddress: 1e6 } });
  victims = await Promise.all(Array.from({ length: BATCH }, (_, index) => server.register(`victim-${index}`)));
  bystander = await server.register('bystander');
});
afterAll(() => server.stop());

const connectOf = ({ id, token }: TestDevice, clean: boolean): IConnectPacket => ({
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clientId: id,
  clean,
  keepalive: 60,
  username: id,
  password: Buffer.from(token),
  will: { topic: `devices/${id}/events/will`, payload: Buffer.from('1'), qos: 1, retain: false },
});

/** What a device says that means well, in a random order. */
function wellFormed(device: TestDevice, pick: (count: number) => number): Packet {
  const own = `devices/${device.id}`;
  const id = 1 + pick(6);
  const all: (() => Packet)[] = [
    () => publish(`${own}/telemetry`, { a: 1, 'b"': 'é' }, { qos: 1, messageId: id }),
    () => publish(`${own}/events/x`, { a: 1 }, { qos: 2, messageId: id }),
    () => publish(`${own}/events/retained`, 'text', { qos: 0, retain: true }),
    () => subscribe(id, `${own}/#`, [`${own}/+`, 2]),
    () => ({ cmd: 'unsubscribe', messageId: id, unsubscriptions: [`${own}/#`] }),
    () => ({ cmd: 'pubrel', messageId: id }),
    () => ({ cmd: 'puback', messageId: id }),
    () => ({ cmd: 'pubrec', messageId: id }),
    () => ({ cmd: 'pubcomp', messageId: id }),
    () => ({ cmd: 'pingreq' }),
    () => connectOf(device, true),
  ];
  return all[pick(all.length)]!();
}

/** A few bytes changed, left out, doubled or put in. */
function mutated(bytes: Buffer, pick: (count: number) => number): Buffer {
  let result = Buffer.from(bytes);
  for (let count = 1 + pick(3); count > 0; count -= 1) {
    const at = pick(result.length || 1);
    switch (pick(5)) {
      case 0:
        result[at] = pick(256);
        break;
      case 1:
        result[at] = (result[at] ?? 0) ^ (1 << pick(8));
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + pick(4))]);
        break;
      case 3:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at >> 1)]);
        break;
      default:
        result = Buffer.concat([
          result.subarray(0, at),
          Buffer.from([SPECIAL_BYTES[pick(SPECIAL_BYTES.length)]!]),
          result.subarray(at),
        ]);
    }
  }
  return result;
}

test('SEC-58 mutated packets end their own connection at most: nobody else hears of them, and nothing is left behind', async () => {
  const random = seededRandom(SEED);
  const pick = (count: number): number => Math.floor(random() * count);
  const good = await server.open(bystander);
  await good.connect();
  good.send(subscribe(1, 'devices/bystander/#'));
  await good.next('suback');
  for (let done = 0; done < CONNECTIONS; done += BATCH) {
    const batch = await Promise.all(victims.map(() => server.openPlain()));
    for (const [index, client] of batch.entries()) {
      const device = victims[index]!;
      const connect = mqttPacket.generate(connectOf(device, pick(2) === 0));
      const rest = Array.from({ length: 1 + pick(5) }, () => mqttPacket.generate(wellFormed(device, pick)));
      const bytes =
        pick(5) === 0
          ? [mutated(connect, pick), ...rest]
          : [connect, ...rest.map((one) => (pick(2) === 0 ? mutated(one, pick) : one))];
      client.sendBytes(Buffer.concat(bytes));
    }
    for (let messageId = 1; messageId <= ANSWERS; messageId += 1) {
      good.send(publish('devices/bystander/telemetry', { done }, { qos: 1, messageId }));
      expect(await good.next('puback')).toMatchObject({ messageId });
    }
    await Promise.all(batch.map((client) => client.end()));
  }
  await eventually(() => server.broker.connections() === 1, 'only the bystander is connected');
  expect(server.events(bystander, 'TelemetryRecorded')).toHaveLength((CONNECTIONS / BATCH) * ANSWERS);
  expect(server.broker.waiting()).toMatchObject({ publishes: 0, bytes: 0 });
  const heard = good.received.filter((packet) => packet.cmd === 'publish').map(({ topic }) => topic);
  expect([...new Set(heard)]).toEqual(['devices/bystander/telemetry']);
  // Enough of it went through to have meant something.
  const countOf = (type: string): number =>
    victims.reduce((sum, device) => sum + server.events(device, type).length, 0);
  for (const type of ['DeviceConnected', 'DeviceEventRecorded', 'TelemetryRecorded', 'MessageRejected'])
    expect([type, countOf(type) > 20]).toEqual([type, true]);
  const streams = new Set(server.memory.rows.flat().map(({ stream }) => stream));
  expect(streams).toEqual(new Set([...victims, bystander].map(({ stream }) => stream)));
  expect(server.logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
}, 60_000);
