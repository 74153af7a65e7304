import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Decider, DomainEvent, EntityCodec } from '../../../src/actors/kernel/decider.js';
import { verifyChain } from '../../../src/actors/kernel/hash-chain.js';
import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { readEventSchemas } from './event-schemas.js';

const GOLDEN = new URL('../../golden/', import.meta.url);

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

/**
 * Replays the recorded journals of a concept against today's code. A released journal is never changed: a new schema version gets a
 * new file beside the old ones.
 */
export function testGoldenJournals<C, E extends DomainEvent, S>(options: {
  readonly concept: string;
  readonly decider: Decider<C, E, S>;
  readonly codec: EntityCodec<E, S>;
  readonly versions: Readonly<Record<E['type'], number>>;
}): void {
  const { concept, decider, codec, versions } = options;
  const journals = readdirSync(GOLDEN).filter((file) => new RegExp(`^${concept}-v\\d+\\.ndjson$`).test(file));

  describe.each(journals)('the golden journal %s', (file) => {
    const events = readGolden(file);

    test('folds to the state that it folded to when it was recorded', () => {
      const state = events.reduce((folded, event) => {
        const decoded = codec.decode(event.type, event.schemaVersion, event.payload, event.occurredAt);
        return decider.evolve(folded, decoded, event);
      }, decider.initialState(events[0]!.stream));
      const expected = JSON.parse(
        readFileSync(new URL(file.replace('.ndjson', '.state.json'), GOLDEN), 'utf8'),
      ) as unknown;
      expect(codec.toSnapshot(state)).toEqual(expected);
      expect(codec.toSnapshot(codec.fromSnapshot(expected))).toEqual(expected);
    });

    test('SEC-154 verifies: the format of the chain has not changed', () => {
      expect(verifyChain(events[0]!.stream, events)).toMatchObject({ intact: true, last: { sequence: events.length } });
    });

    test('fits the schemas of its versions', () => {
      const schemas = readEventSchemas(concept);
      for (const { type, schemaVersion, payload } of events) {
        const validate = schemas.get(`${type}.v${schemaVersion}`);
        expect([type, validate?.(JSON.parse(payload.toString())), validate?.errors]).toEqual([type, true, null]);
      }
    });
  });

  test('the golden journals hold every event type, and each has a schema of its current version', () => {
    const recorded = new Set(journals.flatMap(readGolden).map((event) => event.type));
    expect([...recorded].sort()).toEqual(Object.keys(versions).sort());
    const schemas = readEventSchemas(concept);
    for (const [type, version] of Object.entries<number>(versions))
      expect(schemas.has(`${type}.v${version}`)).toBe(true);
  });
}
