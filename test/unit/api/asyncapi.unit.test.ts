import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { HEADER_MEMBERS } from '../../../src/transport/kafka/metadata-members.js';
import { toEventRecord } from '../../../src/transport/kafka/event-record.js';
import { decodeUplink } from '../../../src/transport/mqtt/dialects/native.js';
import { errorsTopic, parseUplinkTopic } from '../../../src/transport/mqtt/topics.js';

interface Message {
  readonly payload: object;
  readonly headers?: { readonly required: string[]; readonly properties: Record<string, { readonly enum?: string[] }> };
  readonly examples?: readonly { readonly name: string; readonly payload: unknown }[];
}
interface Document {
  readonly channels: Record<string, { readonly address: string; readonly servers: { readonly $ref: string }[] }>;
  readonly operations: Record<string, { readonly action: string; readonly channel: { readonly $ref: string } }>;
  readonly components: { readonly messages: Record<string, Message> };
}

const SOURCE = new URL('../../../src/', import.meta.url);
const document = parse(readFileSync(new URL('api/asyncapi.yaml', SOURCE), 'utf8')) as Document;
const addressOf = (operation: string): string =>
  document.channels[document.operations[operation]!.channel.$ref.replace('#/channels/', '')]!.address;
const onWire = (address: string): string => address.replace('{deviceId}', 'pump-7').replace('{name}', 'door');

describe('the contract of MQTT and Kafka', () => {
  test('names the topics that the broker takes and sends on, and no other', () => {
    expect(parseUplinkTopic(onWire(addressOf('receiveTelemetry')))).toEqual({ kind: 'telemetry', device: 'pump-7' });
    expect(parseUplinkTopic(onWire(addressOf('receiveDeviceEvent')))).toMatchObject({ kind: 'event', name: 'door' });
    expect(onWire(addressOf('sendError'))).toBe(errorsTopic('pump-7'));
    const mqtt = Object.values(document.channels).filter(({ servers }) => servers[0]!.$ref.endsWith('/mqtts'));
    expect(mqtt).toHaveLength(3);
    const channels = Object.values(document.operations).map(({ channel }) => channel.$ref.slice('#/channels/'.length));
    expect(channels.sort()).toEqual(Object.keys(document.channels).sort());
  });

  test('names every event type that there is', () => {
    const schemas = readdirSync(new URL('actors/', SOURCE), { recursive: true, encoding: 'utf8' });
    const types = schemas.flatMap((name) => /schemas\/(\w+)\.v\d+\.json$/.exec(name)?.[1] ?? []);
    const { event } = document.components.messages;
    expect([...event!.headers!.properties['event_type']!.enum!].sort()).toEqual([...new Set(types)].sort());
  });

  test('names every header that the relay writes', () => {
    const metadata = Object.fromEntries(HEADER_MEMBERS.map(({ member }) => [member, 'x']));
    const record = toEventRecord({
      ...{ shard: 0, position: 1, stream: 'device/default/pump-7', sequence: 1, type: 'TelemetryRecorded' },
      ...{ schemaVersion: 1, occurredAt: 1, recordedAt: 1, payload: Buffer.from('{}') },
      metadata: Buffer.from(JSON.stringify(metadata)),
    });
    const { properties, required } = document.components.messages['event']!.headers!;
    expect(Object.keys(properties).sort()).toEqual(Object.keys(record.headers).sort());
    expect(Object.keys(record.headers)).toEqual(expect.arrayContaining(required));
  });

  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(document, 'asyncapi');
  const examples = document.components.messages['telemetry']!.examples!;
  test.each(examples)('gives telemetry that the broker takes: $name', ({ payload }) => {
    const check = ajv.compile({ $ref: 'asyncapi#/components/messages/telemetry/payload' });
    expect(check(payload) ? [] : check.errors).toEqual([]);
    const decoded = decodeUplink({ kind: 'telemetry', device: 'pump-7' }, Buffer.from(JSON.stringify(payload)), 1);
    expect(decoded).toMatchObject({ kind: 'command' });
  });
});
