import type pg from 'pg';

import type { RecordedEvent } from '../../actors/kernel/ports.js';
import { fromMilliseconds } from '../sql-time.js';
import type { WaitingAppend } from './waiting-append.js';

/** Appends of one shard that go out together; they all carry the same epoch. */
export interface ShardBatch {
  readonly shard: number;
  readonly epoch: number;
  readonly appends: readonly WaitingAppend[];
  /** Events of all its appends. */
  readonly count: number;
}

export function toShardBatch(shard: number, epoch: number, appends: readonly WaitingAppend[]): ShardBatch {
  return { shard, epoch, appends, count: appends.reduce((sum, { append }) => sum + append.events.length, 0) };
}

/**
 * The append: one autocommit statement for any number of shards.
 *
 * - `locked` takes the shard rows in ascending order, so that nodes can't deadlock (P2);
 * - `granted` moves `head` only where the epoch is still the appender's (P3, P6) and the leaf has room. A writer that waited
 *   for the row lock checks both again against the newest row: keep READ COMMITTED;
 * - a clash of (stream, sequence) or of an open message id fails all of it and `head` is as before (P4);
 * - payload and metadata of all events travel as one `bytea`, cut by offset and length: elements of a `bytea[]` would be sent
 *   as hex text.
 *
 * One row per granted shard comes back; the missing ones appended nothing.
 */
const APPEND = `
with locked as materialized (select shard from shard where shard = any($1::int[]) order by shard for update),
granted as (
  update shard s set head = s.head + wanted.n
  from locked, unnest($1::int[], $2::int8[], $3::int8[]) as wanted(shard, n, epoch)
  where s.shard = locked.shard and wanted.shard = s.shard and s.epoch = wanted.epoch and s.head + wanted.n <= s.leaf_end
  returning s.shard, s.head - wanted.n as base),
journaled as (
  insert into journal (shard, position, stream, sequence, type, schema_version, occurred_at, recorded_at, payload, metadata)
  select e.shard, granted.base + e.rank, e.stream, e.sequence, e.type, e.schema_version, ${fromMilliseconds('e.occurred_ms')},
    ${fromMilliseconds('$15::int8')}, substring($14::bytea from e.start for e.payload_length),
    substring($14::bytea from e.start + e.payload_length for e.metadata_length)
  from granted join unnest($4::int[], $5::int8[], $6::text[], $7::int8[], $8::text[], $9::int2[], $10::int8[], $11::int[],
    $12::int[], $13::int[]) as e(shard, rank, stream, sequence, type, schema_version, occurred_ms, start, payload_length,
    metadata_length) on e.shard = granted.shard),
opened as (
  insert into mqtt_incoming (tenant, device, message_id)
  select m.tenant, m.device, m.message_id
  from granted join unnest($16::int[], $17::text[], $18::text[], $19::int[]) as m(shard, tenant, device, message_id)
    on m.shard = granted.shard)
select shard, base from granted`;

export interface GrantedShard {
  readonly shard: number;
  /** Position before the first event of the shard's batch. */
  readonly base: number;
}

/** Appends the batches, in their order. */
export async function executeAppend(
  client: pg.Client,
  batches: readonly ShardBatch[],
  recordedAt: number,
): Promise<readonly GrantedShard[]> {
  const values = [
    integers(batches.map(({ shard }) => shard)),
    integers(batches.map(({ count }) => count)),
    integers(batches.map(({ epoch }) => epoch)),
    ...eventColumns(batches),
    recordedAt,
    ...incomingColumns(batches),
  ];
  const { rows } = await client.query<GrantedShard>({ name: 'append', text: APPEND, values });
  return rows;
}

/** Values $4 … $14, column by column. */
function eventColumns(batches: readonly ShardBatch[]): unknown[] {
  const shards: number[] = [];
  const ranks: number[] = [];
  const streams: string[] = [];
  const sequences: number[] = [];
  const types: string[] = [];
  const schemaVersions: number[] = [];
  const occurred: number[] = [];
  const starts: number[] = [];
  const payloadLengths: number[] = [];
  const metadataLengths: number[] = [];
  const content: Buffer[] = [];
  let start = 1; // SQL counts bytes from 1
  for (const batch of batches) {
    let rank = 0;
    for (const { append } of batch.appends) {
      let sequence = append.firstSequence;
      for (const event of append.events) {
        rank += 1;
        shards.push(batch.shard);
        ranks.push(rank);
        streams.push(append.stream);
        sequences.push(sequence);
        types.push(event.type);
        schemaVersions.push(event.schemaVersion);
        occurred.push(event.occurredAt);
        starts.push(start);
        payloadLengths.push(event.payload.length);
        metadataLengths.push(event.metadata.length);
        content.push(event.payload, event.metadata);
        sequence += 1;
        start += event.payload.length + event.metadata.length;
      }
    }
  }
  const numbers = [starts, payloadLengths, metadataLengths].map(integers);
  return [
    ...[
      integers(shards),
      integers(ranks),
      streams,
      integers(sequences),
      types,
      integers(schemaVersions),
      integers(occurred),
    ],
    ...[...numbers, Buffer.concat(content)],
  ];
}

/** Values $16 … $19. */
function incomingColumns(batches: readonly ShardBatch[]): unknown[] {
  const opened = batches.flatMap(({ shard, appends }) =>
    appends.flatMap(({ append }) => (append.incomingIds ?? []).map((id) => ({ shard, ...id }))),
  );
  return [
    integers(opened.map(({ shard }) => shard)),
    opened.map(({ tenant }) => tenant),
    opened.map(({ device }) => device),
    integers(opened.map(({ messageId }) => messageId)),
  ];
}

/** An array literal made in one go: pg would look at each element's type. */
function integers(values: readonly number[]): string {
  return `{${values.join(',')}}`;
}

/**
 * The events of appends of one shard with their places, the first one after `base`. Their bytes move into one buffer that holds
 * nothing else: they were cut from Node's buffer pool, of which a lone event would keep 8 KiB alive as long as somebody keeps
 * the event (bench `memory`).
 */
export function toRecordedEvents(appends: readonly WaitingAppend[], base: number, recordedAt: number): RecordedEvent[] {
  const recorded: RecordedEvent[] = [];
  const bytes = Buffer.allocUnsafeSlow(contentBytes(appends));
  let end = 0;
  const move = (content: Buffer): Buffer => {
    const start = end;
    end += content.copy(bytes, start);
    return bytes.subarray(start, end);
  };
  let position = base;
  for (const { append, shard } of appends) {
    const { stream } = append;
    let sequence = append.firstSequence;
    for (const { type, schemaVersion, occurredAt, payload, metadata } of append.events) {
      position += 1;
      recorded.push({
        shard,
        position,
        stream,
        sequence,
        type,
        schemaVersion,
        occurredAt,
        recordedAt,
        payload: move(payload),
        metadata: move(metadata),
      });
      sequence += 1;
    }
  }
  return recorded;
}

function contentBytes(appends: readonly WaitingAppend[]): number {
  let total = 0;
  for (const { append } of appends) {
    for (const { payload, metadata } of append.events) total += payload.length + metadata.length;
  }
  return total;
}
