import fc from 'fast-check';
import type { DeviceCommand } from '../../../../src/actors/device/commands.js';
import { certificate, connection, hex, NOW, profile } from './device-facts.js';

/** Few names, so that random commands meet each other: repeats, races, the wrong epoch, the dead credential. */
const digit = fc.constantFrom('a', 'b', 'c');
const tokenDigit = fc.constantFrom('d', 'e');
const sessionEpoch = fc.oneof({ weight: 2, arbitrary: fc.constantFrom(1, 2) }, { weight: 1, arbitrary: fc.nat(6) });
const messageId = fc.constantFrom('m1', 'm2', 'm3', 'm4');
const reason = fc.constant('because');
const ifRevision = fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined, freq: 4 });
const whenGiven = <K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> =>
  value === undefined ? {} : ({ [name]: value } as Record<K, V>);

const patchBody = fc.record(
  {
    name: fc.constantFrom('x', 'y', null, ''),
    enabled: fc.boolean(),
    tags: fc.constantFrom([], ['t'], ['t', 't'], null),
    attributes: fc.constantFrom({ a: 1 }, { a: null }, { b: { c: [1] } }, null),
    mystery: fc.constant(1),
  },
  { requiredKeys: [] },
);

const telemetryRecord = fc
  .record({
    id: fc.option(messageId, { nil: undefined }),
    ts: fc.option(fc.nat(NOW), { nil: undefined }),
    t: fc.double(),
  })
  .map(({ id, ts, t }) => ({
    values: { t: Number.isFinite(t) ? t : 0 },
    ...whenGiven('id', id),
    ...whenGiven('ts', ts),
  }));

const registry: fc.Arbitrary<DeviceCommand>[] = [
  fc.boolean().map((enabled) => ({ type: 'RegisterDevice', id: 'pump-7', profile, enabled })),
  fc.tuple(patchBody, ifRevision).map(([patch, revision]) => ({
    type: 'UpdateDevice',
    patch,
    ...whenGiven('ifRevision', revision),
  })),
  ifRevision.map((revision) => ({ type: 'DeleteDevice', ...whenGiven('ifRevision', revision) })),
];
const credentials: fc.Arbitrary<DeviceCommand>[] = [
  fc.tuple(digit, digit).map(([own, key]) => ({ type: 'AddCertificate', certificate: certificate(own, key) })),
  fc.tuple(digit, reason).map(([own, why]) => ({ type: 'RevokeCertificate', fingerprint: hex(own), reason: why })),
  tokenDigit.map((own) => ({ type: 'AddToken', tokenId: `t${own}`, sha256: hex(own) })),
  fc.tuple(tokenDigit, reason).map(([own, why]) => ({ type: 'RevokeToken', tokenId: `t${own}`, reason: why })),
];
const connections: fc.Arbitrary<DeviceCommand>[] = [
  digit.map((own) => ({
    type: 'ConnectDevice',
    credential: { kind: 'certificate', fingerprint: hex(own) },
    connection,
  })),
  tokenDigit.map((own) => ({ type: 'ConnectDevice', credential: { kind: 'token', sha256: hex(own) }, connection })),
  sessionEpoch.map((epoch) => ({ type: 'DisconnectDevice', sessionEpoch: epoch, reason: 'CONNECTION_LOST' })),
];
const messages: fc.Arbitrary<DeviceCommand>[] = [
  fc
    .tuple(sessionEpoch, fc.array(telemetryRecord, { maxLength: 4 }))
    .map(([epoch, records]) => ({ type: 'RecordTelemetry', sessionEpoch: epoch, records })),
  fc
    .tuple(sessionEpoch, fc.jsonValue())
    .map(([epoch, body]) => ({ type: 'RecordDeviceEvent', sessionEpoch: epoch, name: 'door', body })),
  sessionEpoch.map((epoch) => ({
    type: 'RejectMessage',
    sessionEpoch: epoch,
    message: {
      code: 'PAYLOAD_INVALID',
      detail: 'no',
      topic: 'devices/pump-7/telemetry',
      payload: '',
      payloadSha256: hex('0'),
      payloadBytes: 0,
    },
  })),
];

/** Any command of a device. */
const anyCommand: fc.Arbitrary<DeviceCommand> = fc.oneof(...registry, ...credentials, ...connections, ...messages);

/** A life: the device exists and has a credential from the start, so that not all is refused. */
export const anyLife: fc.Arbitrary<DeviceCommand[]> = fc
  .array(anyCommand, { maxLength: 80 })
  .map((commands) => [
    { type: 'RegisterDevice', id: 'pump-7', profile, enabled: true },
    { type: 'AddCertificate', certificate: certificate('a') },
    { type: 'AddToken', tokenId: 'td', sha256: hex('d') },
    { type: 'ConnectDevice', credential: { kind: 'certificate', fingerprint: hex('a') }, connection },
    ...commands,
  ]);
