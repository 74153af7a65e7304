import type { Journal, RecordedEvent } from '../../actors/kernel/ports/journal.js';
import type { RelayFaultKind, RelayVerification } from '../../actors/kernel/ports/publisher.js';
import { readLastCheckpoint } from './checkpoint-record.js';
import { onCluster, type KafkaPublisher } from './event-publisher.js';
import { toEventRecord } from './event-record.js';
import type { Cluster, FetchedRecord } from './kafkajs-internals.js';
import { createMissingPositions } from './missing-positions.js';
import { partitionBounds, readCommitted } from './partition-reader.js';

const JOURNAL_EVENTS = 1_000;

/**
 * Compares the read_committed view of the topic with the journal, byte by byte, in bounded memory and without touching the
 * relay: read as any consumer would read it, up to what the relay had committed at the start.
 */
export function createTopicVerifier({
  publisher,
  journal,
}: {
  readonly publisher: KafkaPublisher;
  readonly journal: Pick<Journal, 'readShard'>;
}): {
  verify(): Promise<RelayVerification>;
} {
  const { client, topics, shards } = publisher;
  return {
    verify: () =>
      onCluster(client, [topics.eventsTopic, topics.checkpointTopic], async (cluster) => {
        const report = createReport();
        for (let shard = 0; shard < shards; shard++) await verifyShard(cluster, topics, shard, journal, report);
        return report.result();
      }),
  };
}

async function verifyShard(
  cluster: Cluster,
  topics: KafkaPublisher['topics'],
  shard: number,
  journal: Pick<Journal, 'readShard'>,
  report: Report,
): Promise<void> {
  // The checkpoint first: what it covers must be found below the end that is read afterwards.
  const checkpoint = await readLastCheckpoint(cluster, { topic: topics.checkpointTopic, partition: shard });
  const place = { topic: topics.eventsTopic, partition: shard };
  const { earliest, lastStable } = await partitionBounds(cluster, place);
  const events = journalCursor(journal, shard);
  const missing = createMissingPositions(); // they may still come late
  let last = 0;

  for await (const records of readCommitted(cluster, place, earliest, lastStable)) {
    for (const record of records) {
      report.record();
      const position = Number(record.headers['position']);
      if (!Number.isSafeInteger(position) || position < 1) {
        report.fault('difference', shard, last + 1, `offset ${record.offset} names no position`);
      } else if (position > last) {
        const event = await events.at(position);
        const difference = event ? compare(record, event) : 'the journal does not hold it';
        if (difference !== undefined) report.fault('difference', shard, position, difference);
        if (event === undefined) continue;
        missing.add(last + 1, position - 1);
        last = position;
      } else if (missing.found(position)) {
        report.fault('inversion', shard, position, `offset ${record.offset} comes after position ${last}`);
      } else report.fault('duplicate', shard, position, `offset ${record.offset} repeats it`);
    }
  }
  missing.add(last + 1, checkpoint?.position ?? 0);
  for (const { from, to } of missing.ranges) report.gap(shard, from, to - from + 1);
  report.upTo(shard, last);
}

/** What differs between a record and its event; `undefined` = nothing. */
function compare(record: FetchedRecord, event: RecordedEvent): string | undefined {
  const expected = toEventRecord(event);
  if (record.key?.toString() !== expected.key) return `key is ${String(record.key)}, not ${expected.key}`;
  if (!record.value?.equals(expected.value)) return 'the payload differs';
  const names = new Set([...Object.keys(expected.headers), ...Object.keys(record.headers)]);
  for (const name of names) {
    if (record.headers[name]?.toString() !== expected.headers[name]) return `header ${name} differs`;
  }
  return undefined;
}

/** Events of one shard by rising position, a page at a time. */
function journalCursor(
  journal: Pick<Journal, 'readShard'>,
  shard: number,
): { at(position: number): Promise<RecordedEvent | undefined> } {
  let page: readonly RecordedEvent[] = [];
  return {
    async at(position) {
      const from = page[0]?.position ?? Infinity;
      if (position < from || position >= from + page.length)
        page = await journal.readShard(shard, position - 1, JOURNAL_EVENTS);
      return page[position - (page[0]?.position ?? 0)];
    },
  };
}

interface Report {
  record(): void;
  fault(kind: Exclude<RelayFaultKind, 'gap'>, shard: number, position: number, detail: string): void;
  gap(shard: number, from: number, count: number): void;
  upTo(shard: number, position: number): void;
  result(): RelayVerification;
}

function createReport(): Report {
  const counts = { gap: 0, duplicate: 0, inversion: 0, difference: 0 };
  const upTo: Record<string, number> = {};
  let records = 0;
  let first: RelayVerification['first'] = null;
  /** A gap shows only at the end of its shard, so what is found later may come before. */
  const found = (fault: NonNullable<RelayVerification['first']>): void => {
    if (first === null || (fault.shard === first.shard && fault.position < first.position)) first = fault;
  };
  return {
    record: () => {
      records += 1;
    },
    fault(kind, shard, position, detail) {
      counts[kind]++;
      found({ kind, shard, position, detail });
    },
    gap(shard, from, count) {
      counts.gap += count;
      found({ kind: 'gap', shard, position: from, detail: 'the topic does not hold it' });
    },
    upTo: (shard, position) => void (upTo[String(shard)] = position),
    result: () => ({
      records,
      gaps: counts.gap,
      duplicates: counts.duplicate,
      inversions: counts.inversion,
      differences: counts.difference,
      upTo,
      first,
    }),
  };
}
