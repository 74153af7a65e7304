import { describe, expect, test } from '@jest/globals';
import { createSendBuffer, type OutgoingMessage, type SendBuffer } from '../../../src/edge/simulator/send-buffer.js';

const messageOf = (payload: string, records = 1): OutgoingMessage => ({ topic: 't', payload, records });

function bufferWith(
  messages: readonly OutgoingMessage[],
  bounds: Partial<Parameters<typeof createSendBuffer>[0]> = {},
): SendBuffer {
  const buffer = createSendBuffer({ maxRecords: 1_000, maxMessagesOnWay: 100, maxRecordsOnWay: 1_000, ...bounds });
  for (const message of messages) buffer.push(message);
  return buffer;
}

function takeAll(buffer: SendBuffer): string[] {
  const taken: string[] = [];
  for (let message = buffer.next(); message !== undefined; message = buffer.next()) taken.push(message.payload);
  return taken;
}

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((payload) => messageOf(payload)) as [
  OutgoingMessage,
  OutgoingMessage,
  OutgoingMessage,
  OutgoingMessage,
];

describe('the buffer of a device', () => {
  test('gives each message once, the oldest first', () => {
    const buffer = bufferWith([a, b, c]);
    expect(takeAll(buffer)).toEqual(['a', 'b', 'c']);
    expect(buffer.next()).toBeUndefined();
  });

  test('keeps a message until it is acknowledged', () => {
    const buffer = bufferWith([a, b]);
    takeAll(buffer);
    expect(buffer.records()).toBe(2);
    expect(buffer.acknowledge(a)).toBe(true);
    expect(buffer.records()).toBe(1);
  });

  test('counts an acknowledgement once', () => {
    const buffer = bufferWith([a, b]);
    takeAll(buffer);
    buffer.acknowledge(a);
    expect(buffer.acknowledge(a)).toBe(false);
    expect(buffer.records()).toBe(1);
  });

  test('gives everything unacknowledged again after a lost connection, in the old order and as the same messages', () => {
    const buffer = bufferWith([a, b, c]);
    takeAll(buffer);
    buffer.acknowledge(b);
    buffer.push(d);
    buffer.rewind();
    expect(buffer.next()).toBe(a);
    expect(takeAll(buffer)).toEqual(['c', 'd']);
  });

  test('holds no more on the way than both of its bounds allow', () => {
    expect(takeAll(bufferWith([a, b, c], { maxMessagesOnWay: 2 }))).toEqual(['a', 'b']);
    const chunks = [messageOf('1', 40), messageOf('2', 40), messageOf('3', 40)];
    const buffer = bufferWith(chunks, { maxRecordsOnWay: 100 });
    expect(takeAll(buffer)).toEqual(['1', '2']);
    buffer.acknowledge(chunks[0]!);
    expect(takeAll(buffer)).toEqual(['3']);
  });

  test('sends a message that is larger than the bound alone', () => {
    expect(takeAll(bufferWith([messageOf('large', 200), a], { maxRecordsOnWay: 100 }))).toEqual(['large']);
  });

  test('that is full gives up its oldest records, and counts them', () => {
    const buffer = bufferWith([messageOf('old', 60), messageOf('newer', 40), messageOf('newest', 10)], {
      maxRecords: 100,
    });
    expect(buffer.dropped()).toBe(60);
    expect(buffer.records()).toBe(50);
    expect(takeAll(buffer)).toEqual(['newer', 'newest']);
  });

  test('that is full gives up nothing that is on its way', () => {
    const buffer = bufferWith([a, b], { maxRecords: 2, maxMessagesOnWay: 1 });
    takeAll(buffer);
    buffer.push(c);
    expect(buffer.acknowledge(a)).toBe(true);
    expect(takeAll(buffer)).toEqual(['c']);
    expect(buffer.dropped()).toBe(1);
  });
});
