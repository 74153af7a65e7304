import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Aedes } from 'aedes';
import { createMemoryStore } from '../../../src/transport/mqtt/aedes-internals.js';
import { createConnections } from '../../../src/transport/mqtt/connections.js';
import { MQTT_LIMITS } from '../../../src/transport/mqtt/limits.js';
import { createReadTurns } from '../../../src/transport/mqtt/read-turns.js';
import { openTcp, subscribe } from '../../support/mqtt-raw-client.js';
import { seededRandom } from '../../support/seeded-random.js';

describe('the client that a connection gets', () => {
  test.each([
    [true, 'devices/d/events'],
    [false, 'devices/d/events'],
    [true, 'devices/d/#'],
  ])('A1 gets all of 100 messages whose look-ups take 0 to 10 ms each (clean %p, filter %s)', async (clean, filter) => {
    const random = seededRandom(7);
    const store = createMemoryStore();
    const lookUp = store.subscriptionsByTopic.bind(store);
    store.subscriptionsByTopic = async (topic) => {
      await new Promise((resolve) => setTimeout(resolve, random() * 10));
      return lookUp(topic);
    };
    const broker = await Aedes.createBroker({ persistence: store });
    const connections = createConnections({
      limits: MQTT_LIMITS,
      turns: createReadTurns(MQTT_LIMITS.publishesPerTurn),
      stalls: { hasStalled: () => false },
      onAccepted: () => undefined,
      onEnded: () => undefined,
    });
    const server = createServer((socket) =>
      connections.accept(broker, 'mqtt', { stream: socket, socket, identity: undefined }),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = await openTcp((server.address() as AddressInfo).port);
    await client.connect({ clean, clientId: 'reader' });
    client.send(subscribe(1, filter));
    await client.next('suback');

    const topic = filter.replace('#', 'events');
    for (let n = 1; n <= 100; n += 1) {
      const payload = Buffer.from(String(n));
      broker.publish({ cmd: 'publish', topic, payload, qos: 1, dup: false, retain: false }, () => undefined);
    }
    const bodies = new Set<string>();
    while (bodies.size < 100) {
      const message = await client.next('publish');
      bodies.add(message.payload.toString());
      client.send({ cmd: 'puback', messageId: message.messageId! });
    }
    expect(bodies.size).toBe(100);

    await client.end();
    server.close();
    await new Promise<void>((resolve) => broker.close(() => resolve()));
  });
});
