import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { startRelay, type Relay } from '../../../src/actors/relay/relay.js';
import type { KafkaPublisher } from '../../../src/transport/kafka/event-publisher.js';
import { createTopicVerifier } from '../../../src/transport/kafka/topic-verifier.js';
import { createMemoryMeter, createSilentLogger, realClock } from '../../support/fake-ports.js';
import { dumpByKcat, stopLater, type DumpedRecord } from '../../support/kafka.js';
import { createMemoryJournal, type MemoryJournal } from '../../support/memory-journal.js';
import { until } from '../../support/until.js';

/** A journal whose streams `grow` fills. */
export function createGrowingJournal(shards: number): MemoryJournal & { grow(events: number): Promise<void> } {
  const memory = createMemoryJournal({ shards });
  const { journal } = memory;
  const devices = Array.from({ length: 4 * shards }, (_, index) => `device/acme/pump-${index}`);
  let written = 0;
  return {
    ...memory,
    async grow(events) {
      for (let left = events; left > 0;) {
        const stream = devices[written % devices.length]!;
        const batch = Array.from({ length: Math.min(left, 1 + (written % 5)) }, () => encoded(written++));
        left -= batch.length;
        await journal.append({
          stream,
          epoch: journal.epochOf(journal.shardOf(stream)),
          firstSequence: memory.stream(stream).length + 1,
          events: batch,
        });
      }
    },
  };
}

/** Payloads hold what a careless copy would change: order of members, spelling of numbers, letters beyond ASCII. */
function encoded(serial: number): Parameters<MemoryJournal['journal']['append']>[0]['events'][number] {
  return {
    type: 'TelemetryRecorded',
    schemaVersion: 1,
    occurredAt: 1_700_000_000_000 + serial,
    payload: Buffer.from(`{"values":{"z":${serial}.50,"a":"Grün 🌿"},"ts":${1_700_000_000_000 + serial}}`),
    metadata: Buffer.from(
      JSON.stringify({
        tenant: 'acme',
        principal: 'device/pump',
        sessionEpoch: 3,
        correlationId: `c:${serial}`,
        hash: 'h',
      }),
    ),
  };
}

/** A relay of the product on this journal; `stopStarted` stops it. */
export function relayOf(memory: MemoryJournal, publisher: KafkaPublisher): Relay {
  return stopLater(
    startRelay({
      journal: memory.journal,
      publisher,
      clock: realClock,
      logger: createSilentLogger(),
      meter: createMemoryMeter(),
    }),
  );
}

/** Waits until nothing of the journal is left to relay, and nothing is at fault. */
export async function untilRelayed(relay: Relay, memory: MemoryJournal): Promise<void> {
  await until('everything is in Kafka', () => {
    const { state, shards } = relay.status();
    return state === 'running' && shards.every(({ shard, checkpoint }) => checkpoint === memory.rows[shard]!.length);
  });
}

export const verify = (publisher: KafkaPublisher, memory: MemoryJournal) =>
  createTopicVerifier({ publisher, journal: memory.journal }).verify();

/** What the topic must hold of an event, written down from `interfaces.md` §5 and not from the code under test. */
export function expectedRecord(event: RecordedEvent): Omit<DumpedRecord, 'offset'> {
  const serial = event.occurredAt - 1_700_000_000_000;
  return {
    partition: event.shard,
    timestamp: event.recordedAt,
    key: event.stream,
    value: event.payload.toString(),
    headers: {
      event_type: 'TelemetryRecorded',
      schema_version: '1',
      shard: String(event.shard),
      position: String(event.position),
      sequence: String(event.sequence),
      stream: event.stream,
      tenant_id: 'acme',
      device_id: event.stream.slice('device/acme/'.length),
      recorded_at: String(event.recordedAt),
      occurred_at: String(event.occurredAt),
      principal: 'device/pump',
      session_epoch: '3',
      correlation_id: `c:${serial}`,
      'content-type': 'application/json',
      'creation-time': String(event.occurredAt),
    },
  };
}

/** Records without their offsets: transaction markers take offsets, too. */
export const withoutOffsets = (records: readonly DumpedRecord[]): Omit<DumpedRecord, 'offset'>[] =>
  records.map(({ partition, timestamp, key, value, headers }) => ({ partition, timestamp, key, value, headers }));

/** The read_committed view by kcat, and what it has to be. */
export async function views(
  memory: MemoryJournal,
  topic: string,
  broker?: string,
): Promise<{ seen: Omit<DumpedRecord, 'offset'>[]; due: Omit<DumpedRecord, 'offset'>[] }> {
  return { seen: withoutOffsets(await dumpByKcat(topic, broker)), due: memory.rows.flat().map(expectedRecord) };
}
