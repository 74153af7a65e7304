import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chainStart, linkEvent, verifyChain } from '../../../../src/actors/kernel/hash-chain.js';
import type { RecordedEvent } from '../../../../src/actors/kernel/ports/journal.js';

const STREAM = 'device/default/pump-7';

function chainOf(stream: string, payloads: readonly string[]): RecordedEvent[] {
  const link = chainStart(stream);
  return payloads.map((text, index) => {
    const fields = {
      sequence: index + 1,
      type: 'TelemetryRecorded',
      schemaVersion: 1,
      occurredAt: 1_700_000_000_000 + index,
      payload: Buffer.from(text),
    };
    const head = Buffer.from('{"tenant":"default","principal":"device/pump-7","n":');
    const metadata = linkEvent(link, fields, { head, tail: `"é\ufffd${index}"}` });
    return { ...fields, metadata, stream, shard: 0, position: index + 1, recordedAt: 0 };
  });
}

const five = (): RecordedEvent[] => chainOf(STREAM, ['{"a":1}', '{"a":2}', '{"a":3}', '{"a":4}', '{"a":5}']);
const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ 1;
  return copy;
};

/** The bytes of U+FFFD replaced by one that is no UTF-8: a decoder makes U+FFFD of that, too. */
function withBrokenUtf8(bytes: Buffer): Buffer {
  const at = bytes.indexOf('\ufffd');
  const broken = Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff]), bytes.subarray(at + 3)]);
  expect(broken.toString()).toBe(bytes.toString());
  return broken;
}

describe('SEC-154 the format of the chain', () => {
  test('SEC-154 a verifier that knows only the published layout comes to the same hashes', () => {
    const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();
    const field = (bytes: Buffer | string): Buffer => {
      const content = Buffer.from(bytes);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(content.length);
      return Buffer.concat([length, content]);
    };
    let link = sha256(`fleetlog-chain-1\n${STREAM}`);
    for (const event of five()) {
      const metadata = event.metadata.toString();
      const cut = metadata.lastIndexOf(',"hash":"');
      const fields = [String(event.sequence), event.type, String(event.schemaVersion), String(event.occurredAt)];
      link = sha256(
        Buffer.concat([link, ...fields.map(field), field(event.payload), field(`${metadata.slice(0, cut)}}`)]),
      );
      expect(JSON.parse(metadata).hash).toBe(link.toString('base64url'));
    }
  });

  test('SEC-154 an intact chain verifies, whole and from any point within', () => {
    const events = five();
    const whole = verifyChain(STREAM, events);
    expect(whole).toMatchObject({ intact: true, last: { sequence: 5 } });
    const half = verifyChain(STREAM, events.slice(0, 2));
    expect(half.intact && verifyChain(STREAM, events.slice(2), half.last)).toEqual(whole);
  });
});

describe('SEC-155 the first bad sequence is named', () => {
  const tampered: [string, (events: RecordedEvent[]) => RecordedEvent[], number][] = [
    ['a changed byte in a payload', (e) => e.with(2, { ...e[2]!, payload: flipped(e[2]!.payload, 5) }), 3],
    ['a changed byte in the metadata', (e) => e.with(1, { ...e[1]!, metadata: flipped(e[1]!.metadata, 12) }), 2],
    [
      'other bytes in the metadata that decode to the same text',
      (e) => e.with(1, { ...e[1]!, metadata: withBrokenUtf8(e[1]!.metadata) }),
      2,
    ],
    ['a changed hash', (e) => e.with(3, { ...e[3]!, metadata: flipped(e[3]!.metadata, e[3]!.metadata.length - 3) }), 4],
    ['metadata cut to nothing', (e) => e.with(3, { ...e[3]!, metadata: Buffer.from('{}') }), 4],
    ['another type', (e) => e.with(0, { ...e[0]!, type: 'DeviceEventRecorded' }), 1],
    ['another schema version', (e) => e.with(0, { ...e[0]!, schemaVersion: 2 }), 1],
    ['another time', (e) => e.with(4, { ...e[4]!, occurredAt: 0 }), 5],
    ['a deleted row', (e) => e.toSpliced(2, 1), 3],
    [
      'a deleted row whose gap was closed',
      (e) => e.toSpliced(2, 1).map((event, index) => ({ ...event, sequence: index + 1 })),
      3,
    ],
    ['a doubled row', (e) => e.toSpliced(2, 0, e[1]!), 3],
    ['an inserted row', (e) => e.toSpliced(2, 0, e[1]!).map((event, index) => ({ ...event, sequence: index + 1 })), 3],
    ['two swapped rows', (e) => e.with(1, { ...e[2]!, sequence: 2 }).with(2, { ...e[1]!, sequence: 3 }), 2],
    [
      'a row moved here from another stream',
      (e) => e.with(3, { ...chainOf('device/default/other', ['1', '2', '3', '{"a":4}'])[3]!, stream: STREAM }),
      4,
    ],
    [
      'a whole stream under another name',
      () => chainOf('device/default/other', ['1']).map((e) => ({ ...e, stream: STREAM })),
      1,
    ],
  ];
  test.each(tampered)('SEC-155 %s', (_name, tamper, sequence) => {
    expect(verifyChain(STREAM, tamper(five()))).toMatchObject({ intact: false, stream: STREAM, sequence });
  });

  test('SEC-155 any single changed byte of any event is found at that event', () => {
    const events = five();
    fc.assert(
      fc.property(
        fc.nat(4),
        fc.boolean(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (index, inPayload, at, change) => {
          const event = events[index]!;
          const bytes = Buffer.from(inPayload ? event.payload : event.metadata);
          bytes[at % bytes.length]! ^= change;
          const changed = events.with(index, { ...event, [inPayload ? 'payload' : 'metadata']: bytes });
          expect(verifyChain(STREAM, changed)).toMatchObject({ intact: false, sequence: index + 1 });
        },
      ),
    );
  });
});
