import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Client } from 'aedes';
import type { OutboundPacket } from '../../../src/transport/mqtt/aedes-internals.js';
import type { Connection, DeviceSession } from '../../../src/transport/mqtt/connection.js';
import { toDeliver } from '../../../src/transport/mqtt/delivery.js';
import { MQTT_LIMITS } from '../../../src/transport/mqtt/limits.js';
import type { IncomingMessages } from '../../../src/transport/mqtt/sessions/incoming-messages.js';
import { createSessionStore } from '../../../src/transport/mqtt/sessions/session-store.js';
import { createFixedClock } from '../../support/fake-ports.js';

function connectionOf(device: string, granted: readonly string[] = []): Connection {
  const session = { peer: { tenant: 'default', device }, granted: new Set(granted) } as unknown as DeviceSession;
  const client = { subscriptions: {}, close: () => undefined };
  return { session, client, socket: new PassThrough(), ended: false } as unknown as Connection;
}
function message(topic: string, more: Partial<OutboundPacket> = {}): OutboundPacket {
  return { cmd: 'publish', topic, qos: 1, retain: false, payload: Buffer.from('1'), ...more };
}

describe('each delivery', () => {
  test.each([
    'default/devices/dev2/events/x',
    'acme/devices/dev1/events/x',
    'devices/dev1/events/x',
    '$SYS/broker/new/clients',
    'default/$SYS/x',
    'defaultx/devices/dev1/events/x',
  ])('A2 A16 SEC-41 of %s to dev1 of the default tenant is refused, whatever it is subscribed to', (topic) => {
    expect(toDeliver(connectionOf('dev1', ['default/#', '#']), message(topic), MQTT_LIMITS)).toBeNull();
  });

  test('cuts the tenant off: live on a copy, from the queue in place', () => {
    const live = message('default/devices/dev1/errors');
    expect(toDeliver(connectionOf('dev1'), live, MQTT_LIMITS)).toMatchObject({ topic: 'devices/dev1/errors' });
    expect(live.topic).toBe('default/devices/dev1/errors');
    const queued = message('default/devices/dev1/errors', { writeCallback: () => undefined });
    expect(toDeliver(connectionOf('dev1'), queued, MQTT_LIMITS)).toBe(queued);
    expect(queued.topic).toBe('devices/dev1/errors');
  });
});

describe('the session store', () => {
  let close: (() => void) | undefined;
  afterEach(() => close?.());
  function start(connection: Connection, incoming: Partial<IncomingMessages> = {}) {
    const store = createSessionStore({
      limits: MQTT_LIMITS,
      clock: createFixedClock(),
      incoming: incoming as IncomingMessages,
      connectionOf: () => connection,
      isLive: () => false,
      onDrop: () => undefined,
      onSubscriptionsChanged: () => undefined,
    });
    close = () => store.close();
    return store;
  }
  const client = (more: object = {}): Client => ({ id: 'default/dev1', ...more }) as unknown as Client;

  test('A2 SEC-41 keeps the granted filters of a packet only', async () => {
    const store = start(connectionOf('dev1', ['default/devices/dev1/#']));
    await store.addSubscriptions(client(), [
      { topic: 'default/devices/dev1/#', qos: 1 },
      { topic: 'default/devices/dev2/#', qos: 1 },
    ]);
    expect((await store.subscriptionsByClient(client())).map(({ topic }) => topic)).toEqual(['default/devices/dev1/#']);
    expect(await store.subscriptionsByTopic('default/devices/dev2/events/x')).toEqual([]);
  });

  test('A9 voids QoS 2 ids for an authorized client only', async () => {
    const cleaned: Connection[] = [];
    const connection = connectionOf('dev1');
    const store = start(connection, { clean: (one) => Promise.resolve(void cleaned.push(one)) });
    await store.cleanIncoming(client({ _authorized: false }));
    expect(cleaned).toEqual([]);
    await store.cleanIncoming(client({ _authorized: true }));
    expect(cleaned).toEqual([connection]);
  });

  test('a clean session takes subscriptions and queue of the one before away', async () => {
    const store = start(connectionOf('dev1', ['default/devices/dev1/#']));
    await store.addSubscriptions(client(), [{ topic: 'default/devices/dev1/#', qos: 1 }]);
    await store.outgoingEnqueue({ clientId: 'default/dev1' }, message('default/devices/dev1/events/x'));
    await store.cleanSubscriptions(client());
    expect(await store.subscriptionsByClient(client())).toEqual([]);
    expect(store.queueOf('default/dev1').messages).toBe(0);
  });

  test("SEC-42 offers no will to aedes' sweeper: each is sent by its own socket", async () => {
    const store = start(connectionOf('dev1'));
    await store.setup({ id: 'broker' });
    const will = { topic: 'default/devices/dev1/events/x', payload: Buffer.from('1'), qos: 1 as const, retain: false };
    await store.putWill(client(), will);
    expect(await store.streamWill().toArray()).toEqual([]);
  });

  test('aedes takes its set-up for an async function', () => {
    expect(start(connectionOf('dev1')).setup.constructor.name).toBe('AsyncFunction');
  });
});
