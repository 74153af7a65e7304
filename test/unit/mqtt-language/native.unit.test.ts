import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeUplink, type Decoded } from '../../../src/transport/mqtt/dialects/native.js';
import { parseUplinkTopic } from '../../../src/transport/mqtt/topics.js';

const decode = (payload: string | Buffer, topic = 'devices/dev1/telemetry'): Decoded =>
  decodeUplink(parseUplinkTopic(topic)!, Buffer.from(payload), 3);
const telemetry = (records: unknown[]) => ({
  kind: 'command',
  command: { type: 'RecordTelemetry', sessionEpoch: 3, records },
});

describe('telemetry in every form', () => {
  test.each([
    ['short', '{"temperature":21.5}', [{ values: { temperature: 21.5 } }]],
    ['short with id', '{"temperature":21.5,"id":"m1"}', [{ values: { temperature: 21.5 }, id: 'm1' }]],
    ['short with ts', '{"ts":1700000000000,"on":true}', [{ values: { on: true }, ts: 1700000000000 }]],
    ['long', '{"ts":1700000000000,"values":{"a":1,"b":"x"}}', [{ values: { a: 1, b: 'x' }, ts: 1700000000000 }]],
    ['long without ts', '{"values":{"a":1},"id":"m"}', [{ values: { a: 1 }, id: 'm' }]],
    [
      'array of both',
      '[{"a":1},{"ts":0,"values":{"a":{"deep":[null]}},"id":"z"}]',
      [{ values: { a: 1 } }, { values: { a: { deep: [null] } }, ts: 0, id: 'z' }],
    ],
    [
      'metrics that look like reserved names in the long form',
      '{"values":{"id":1,"ts":"x","values":2}}',
      [{ values: { id: 1, ts: 'x', values: 2 } }],
    ],
    [
      'metrics named like object members',
      '{"constructor":1,"toString":2}',
      [{ values: { constructor: 1, toString: 2 } }],
    ],
    [
      'time at its ends',
      '[{"ts":0,"a":1},{"ts":253402300799999,"a":1}]',
      [
        { ts: 0, values: { a: 1 } },
        { ts: 253402300799999, values: { a: 1 } },
      ],
    ],
  ])('%s', (_form, payload, records) => {
    expect(decode(payload)).toStrictEqual(telemetry(records));
  });

  test('SEC-114 a metric named __proto__ is kept as an own member in both forms', () => {
    for (const payload of ['{"__proto__":1,"id":"m"}', '{"values":{"__proto__":1}}']) {
      const decoded = decode(payload);
      if (decoded.kind !== 'command' || decoded.command.type !== 'RecordTelemetry') throw new Error('refused');
      expect(JSON.stringify(decoded.command.records[0]?.values)).toBe('{"__proto__":1}');
    }
    const nested = decode('{"__proto__":{"values":{"a":1},"id":"x"}}');
    expect(JSON.stringify(nested)).toContain('"values":{"__proto__":{"values":{"a":1},"id":"x"}}');
  });

  test('a message holds at most 1000 records', () => {
    const records = (count: number) => JSON.stringify(new Array(count).fill({ a: 1 }));
    expect(decode(records(1000)).kind).toBe('command');
    expect(decode(records(1001))).toMatchObject({ kind: 'refused', code: 'PAYLOAD_INVALID', pointer: '' });
  });
});

describe('refused telemetry names the member', () => {
  test.each([
    ['{}', ''],
    ['[]', ''],
    ['1', ''],
    ['null', ''],
    ['"x"', ''],
    ['[1]', '/0'],
    ['[{"a":1},[]]', '/1'],
    ['[{"a":1},{}]', '/1'],
    ['{"id":"only"}', ''],
    ['{"ts":5}', ''],
    ['{"values":{}}', '/values'],
    ['[{"values":{}}]', '/0/values'],
    ['{"a":null}', '/a'],
    ['{"a":[1]}', '/a'],
    ['{"a/b":null}', '/a~1b'],
    ['{"a~b":[]}', '/a~0b'],
    ['{"":null}', '/'],
    ['{"values":{"a":1,"b":null}}', '/values/b'],
    ['[{"a":1},{"values":{"b":[]}}]', '/1/values/b'],
    ['{"values":3}', '/values'],
    ['{"values":null}', '/values'],
    ['{"values":[1]}', '/values'],
    ['{"values":{"a":1},"b":2}', '/b'],
    ['{"ts":-1,"a":1}', '/ts'],
    ['{"ts":1.5,"a":1}', '/ts'],
    ['{"ts":"1","a":1}', '/ts'],
    ['{"ts":null,"a":1}', '/ts'],
    ['{"ts":253402300800000,"a":1}', '/ts'],
    ['[{"ts":true,"values":{"a":1}}]', '/0/ts'],
    ['{"id":7,"a":1}', '/id'],
    ['{"id":"","a":1}', '/id'],
    ['{"id":null,"a":1}', '/id'],
    ['{"id":"a\\u0007","a":1}', '/id'],
    [`{"id":"${'i'.repeat(129)}","a":1}`, '/id'],
    ['{"a":{"b":"\\u0000"}}', '/a/b'],
    ['{"a":1e400}', '/a'],
  ])('%s', (payload, pointer) => {
    expect(decode(payload)).toMatchObject({ kind: 'refused', code: 'PAYLOAD_INVALID', pointer });
  });

  test('with the message id, when one could be read', () => {
    expect(decode('{"id":"m1","a":null}')).toMatchObject({ kind: 'refused', id: 'm1' });
    expect(decode('[{"id":"m1","a":1},{"id":"m2","a":null}]')).toMatchObject({ kind: 'refused', id: 'm2' });
    expect(decode('{"id":7,"a":1}')).not.toHaveProperty('id');
  });

  test.each(['', ' ', '{"a":1', 'hello', '{"a":1}{"a":2}'])('%j is no JSON and has no pointer', (payload) => {
    const decoded = decode(payload);
    expect(decoded).toMatchObject({ kind: 'refused', code: 'PAYLOAD_INVALID' });
    expect(decoded).not.toHaveProperty('pointer');
  });

  test('a payload beyond 128 KiB has its own code', () => {
    expect(decode(Buffer.alloc(128 * 1024 + 1, 0x20))).toMatchObject({ kind: 'refused', code: 'PAYLOAD_TOO_LARGE' });
  });
});

describe('events of the user', () => {
  test.each(['{"open":true}', 'null', '0', '"x"', '[1,null]', '{}'])('take any JSON: %s', (payload) => {
    expect(decode(payload, 'devices/dev1/events/door')).toStrictEqual({
      kind: 'command',
      command: { type: 'RecordDeviceEvent', sessionEpoch: 3, name: 'door', body: JSON.parse(payload) },
    });
  });

  test('are refused without a payload', () => {
    expect(decode('', 'devices/dev1/events/door')).toMatchObject({ kind: 'refused', code: 'PAYLOAD_INVALID' });
  });
});

test('records survive the way into a message and back', () => {
  const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !['id', 'ts', 'values'].includes(text));
  const value = fc.oneof(
    fc.double({ noDefaultInfinity: true, noNaN: true }).map((n) => n + 0),
    fc.boolean(),
    fc.string(),
  );
  const record = fc.record(
    {
      values: fc.dictionary(name, value, { minKeys: 1, maxKeys: 5, noNullPrototype: true }),
      ts: fc.nat(),
      id: fc.stringMatching(/^[a-z0-9-]{1,36}$/),
    },
    { requiredKeys: ['values'] },
  );
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), (records) => {
      const short = records.map(({ values, ...rest }) => ({ ...values, ...rest }));
      fc.pre(!JSON.stringify(records).includes('\\u0000'));
      expect(decode(JSON.stringify(records))).toEqual(telemetry(JSON.parse(JSON.stringify(records)) as unknown[]));
      expect(decode(JSON.stringify(short))).toEqual(telemetry(JSON.parse(JSON.stringify(records)) as unknown[]));
    }),
  );
});
