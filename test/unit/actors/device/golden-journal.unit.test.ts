import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { deviceCodec } from '../../../../src/actors/device/codec.js';
import { deviceDecider } from '../../../../src/actors/device/decider.js';
import { DEVICE_EVENT_VERSIONS } from '../../../../src/actors/device/upcasters.js';
import { verifyChain } from '../../../../src/actors/kernel/hash-chain.js';
import type { RecordedEvent } from '../../../../src/actors/kernel/ports.js';
import { readEventSchemas } from '../event-schemas.js';

const GOLDEN = new URL('../../../golden/', import.meta.url);

/** One line: an event of the journal, payload and metadata as their exact text. */
interface GoldenLine {
  readonly stream: string;
  readonly sequence: number;
  readonly type: string;
  readonly schemaVersion: number;
  readonly occurredAt: number;
  readonly payload: string;
  readonly metadata: string;
}

function readGolden(file: string): RecordedEvent[] {
  const lines = readFileSync(new URL(file, GOLDEN), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const event = JSON.parse(line) as GoldenLine;
    const bytes = { payload: Buffer.from(event.payload), metadata: Buffer.from(event.metadata) };
    return { ...event, ...bytes, shard: 0, position: event.sequence, recordedAt: event.occurredAt };
  });
}

// A released journal is never changed: a new schema version gets a new file beside the old ones.
const journals = readdirSync(GOLDEN).filter((file) => /^device-v\d+\.ndjson$/.test(file));

describe.each(journals)('the golden journal %s', (file) => {
  const events = readGolden(file);

  test('folds to the state that it folded to when it was recorded', () => {
    const state = events.reduce((folded, event) => {
      const decoded = deviceCodec.decode(event.type, event.schemaVersion, event.payload, event.occurredAt);
      return deviceDecider.evolve(folded, decoded, event);
    }, deviceDecider.initialState(events[0]!.stream));
    const expected = JSON.parse(
      readFileSync(new URL(file.replace('.ndjson', '.state.json'), GOLDEN), 'utf8'),
    ) as unknown;
    expect(deviceCodec.toSnapshot(state)).toEqual(expected);
    expect(deviceCodec.toSnapshot(deviceCodec.fromSnapshot(expected))).toEqual(expected);
  });

  test('SEC-154 verifies: the format of the chain has not changed', () => {
    expect(verifyChain(events[0]!.stream, events)).toMatchObject({ intact: true, last: { sequence: events.length } });
  });

  test('fits the schemas of its versions', () => {
    const schemas = readEventSchemas('device');
    for (const { type, schemaVersion, payload } of events) {
      const validate = schemas.get(`${type}.v${schemaVersion}`);
      expect([type, validate?.(JSON.parse(payload.toString())), validate?.errors]).toEqual([type, true, null]);
    }
  });
});

test('a snapshot keeps the order of ids and credentials', () => {
  const empty = deviceDecider.initialState('device/default/d1');
  const tokens = ['tb', 'ta'].map((tokenId) => ({ tokenId, sha256: tokenId, issuedAt: 0, sequence: 1 }));
  const state = {
    ...empty,
    recentIds: new Set(['b', 'a']),
    tokens: new Map(tokens.map((entry) => [entry.tokenId, entry])),
  };
  const back = deviceCodec.fromSnapshot(JSON.parse(JSON.stringify(deviceCodec.toSnapshot(state))));
  expect(back).toEqual(state);
  expect([[...back.recentIds], [...back.tokens.keys()]]).toEqual([
    ['b', 'a'],
    ['tb', 'ta'],
  ]);
});

test('the golden journals hold every event type, and each has a schema of its current version', () => {
  const recorded = new Set(journals.flatMap(readGolden).map((event) => event.type));
  expect([...recorded].sort()).toEqual(Object.keys(DEVICE_EVENT_VERSIONS).sort());
  const schemas = readEventSchemas('device');
  for (const [type, version] of Object.entries(DEVICE_EVENT_VERSIONS))
    expect(schemas.has(`${type}.v${version}`)).toBe(true);
});
