import { describe, expect, test } from '@jest/globals';
import type { OutboundPacket } from '../../../src/transport/mqtt/aedes-internals.js';
import { createOutgoingQueues } from '../../../src/transport/mqtt/sessions/outgoing-queues.js';
import { createFixedClock } from '../../support/fake-ports.js';

function packet(brokerCounter: number, bytes = 10): OutboundPacket {
  return {
    cmd: 'publish',
    topic: 'default/devices/d/x',
    qos: 1,
    retain: false,
    payload: Buffer.alloc(bytes),
    brokerId: 'b',
    brokerCounter,
  };
}

describe('the queue of a sleeping session', () => {
  function setUp(limits: Partial<Record<'queueMessages' | 'queueBytes' | 'queueMs', number>> = {}) {
    const clock = createFixedClock();
    const dropped: string[] = [];
    const queues = createOutgoingQueues(
      { queueMessages: 1000, queueBytes: 1024 * 1024, queueMs: 1000, ...limits },
      clock,
      (clientId) => dropped.push(clientId),
    );
    const counters = async (): Promise<(number | undefined)[]> =>
      ((await queues.stream('c').toArray()) as OutboundPacket[]).map(({ brokerCounter }) => brokerCounter);
    return { clock, dropped, queues, counters };
  }

  test.each([
    ['count', { queueMessages: 3 }, 10],
    ['bytes', { queueBytes: 3 * 29 }, 10],
  ])('A8 SEC-55 is bounded in %s: the oldest go, and are counted', async (_name, limits, bytes) => {
    const { queues, dropped, counters } = setUp(limits);
    for (let counter = 1; counter <= 5; counter += 1) queues.enqueue('c', packet(counter, bytes));
    expect(await counters()).toEqual([3, 4, 5]);
    expect(dropped).toEqual(['c', 'c']);
    expect(queues.sizeOf('c').messages).toBe(3);
  });

  test('A8 is bounded in age', async () => {
    const { queues, clock, counters } = setUp();
    queues.enqueue('c', packet(1));
    clock.advance(900);
    queues.enqueue('c', packet(2));
    clock.advance(200);
    expect(await counters()).toEqual([2]);
  });

  test('A14 clearing without a packet id takes that message, not the first one that was never sent', async () => {
    const { queues, counters } = setUp();
    for (const counter of [1, 2, 3]) queues.enqueue('c', packet(counter));
    expect(queues.clear('c', packet(2))).toMatchObject({ brokerCounter: 2 });
    expect(queues.clear('c', packet(9))).toBeUndefined();
    expect(await counters()).toEqual([1, 3]);
  });

  test('A15 an acknowledgement takes the message that was sent with its packet id', async () => {
    const { queues, counters } = setUp();
    for (const counter of [1, 2]) queues.enqueue('c', packet(counter));
    expect(queues.update('c', { ...packet(2), messageId: 40 })).toBe(true);
    expect(queues.clear('c', { ...packet(0), brokerId: 'other', messageId: 40 })).toMatchObject({ brokerCounter: 2 });
    expect(queues.clear('c', { ...packet(0), brokerId: 'other', messageId: 41 })).toBeUndefined();
    expect(await counters()).toEqual([1]);
  });

  test('an empty queue leaves nothing behind', () => {
    const { queues } = setUp();
    queues.enqueue('c', packet(1));
    queues.clear('c', packet(1));
    expect(queues.sizeOf('c')).toEqual({ messages: 0, bytes: 0 });
  });
});
