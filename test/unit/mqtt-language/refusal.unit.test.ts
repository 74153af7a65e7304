import { expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { errorNotice, toRejectMessage } from '../../../src/transport/mqtt/dialects/refusal.js';

const REFUSAL = { code: 'TOPIC_FORBIDDEN', detail: 'No.', topic: 'devices/dev2/telemetry' } as const;

test('SEC-40 a refused message is kept by its first 4 KiB, the hash of all of it, and its size', () => {
  const payload = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
  const { message, ...rest } = toRejectMessage({ ...REFUSAL, payload, sessionEpoch: 2, pointer: '/a', id: 'm' });
  expect(rest).toEqual({ type: 'RejectMessage', sessionEpoch: 2 });
  expect(message).toStrictEqual({
    ...REFUSAL,
    pointer: '/a',
    id: 'm',
    payload: payload.subarray(0, 4096).toString('base64'),
    payloadSha256: createHash('sha256').update(payload).digest('hex'),
    payloadBytes: 5000,
  });
});

test('the notice for the device names code, topic, detail, pointer and id, and only those it has', () => {
  expect(JSON.parse(errorNotice({ ...REFUSAL, pointer: '/a', id: 'm' }).toString())).toStrictEqual({
    ...REFUSAL,
    pointer: '/a',
    id: 'm',
  });
  expect(JSON.parse(errorNotice(REFUSAL).toString())).toStrictEqual(REFUSAL);
});

test('SEC-112 a refused topic is stored without what no store can hold, and not at any length', () => {
  const { message } = toRejectMessage({
    ...REFUSAL,
    topic: `a\0\uD800${'x'.repeat(65_000)}`,
    payload: Buffer.alloc(0),
    sessionEpoch: 1,
  });
  expect(message.topic).toBe(`a\uFFFD\uFFFD${'x'.repeat(253)}`);
  expect(message).toMatchObject({ payload: '', payloadBytes: 0 });
});
