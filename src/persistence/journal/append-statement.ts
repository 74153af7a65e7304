import type pg from 'pg';

import type { IncomingId } from '../../actors/kernel/ports/journal.js';
import { binaryTime, int2Array, int4Array, int8Array, textArray, timeArray } from './binary-array.js';
import type { ShardBatch } from './shard-batch.js';

/**
 * The append: one autocommit statement for any number of shards.
 *
 * - `locked` takes the shard rows in ascending order, so that nodes can't deadlock (P2);
 * - `granted` moves `head` only where the epoch is still the appender's (P3, P6) and the leaf has room. A writer that waited
 *   for the row lock checks both again against the newest row: keep READ COMMITTED;
 * - a clash of (stream, sequence) or of an open message id fails all of it and `head` is as before (P4);
 * - payload and metadata of all events travel as one `bytea`, cut by offset and length: elements of a `bytea[]` would be sent
 *   as hex text;
 * - the arrays are unnested side by side in a select list: in `from`, each would first be stored as a table of its own
 *   (bench `journal`).
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
  select e.shard, granted.base + e.rank, e.stream, e.sequence, e.type, e.schema_version, e.occurred_at, $15::timestamptz,
    substring($14::bytea from e.start for e.payload_length),
    substring($14::bytea from e.start + e.payload_length for e.metadata_length)
  from granted join (select unnest($4::int[]) as shard, unnest($5::int[]) as rank, unnest($6::text[]) as stream,
    unnest($7::int8[]) as sequence, unnest($8::text[]) as type, unnest($9::int2[]) as schema_version,
    unnest($10::timestamptz[]) as occurred_at, unnest($11::int[]) as start, unnest($12::int[]) as payload_length,
    unnest($13::int[]) as metadata_length) e on e.shard = granted.shard),
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
    binaryTime(recordedAt),
    ...incomingColumns(batches),
  ];
  const { rows } = await client.query<GrantedShard>({ name: 'append', text: APPEND, values });
  return rows;
}

/** Values $4 … $14, column by column. */
function eventColumns(batches: readonly ShardBatch[]): readonly Buffer[] {
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const shards = int4Array(count);
  const ranks = int4Array(count);
  const streams = textArray(count);
  const sequences = int8Array(count);
  const types = textArray(count);
  const schemaVersions = int2Array(count);
  const occurred = timeArray(count);
  const starts = int4Array(count);
  const payloadLengths = int4Array(count);
  const metadataLengths = int4Array(count);
  let start = 1; // SQL counts bytes from 1
  for (const batch of batches) {
    let rank = 0;
    for (const { append } of batch.appends) {
      let sequence = append.firstSequence;
      for (const event of append.events) {
        rank += 1;
        shards.add(batch.shard);
        ranks.add(rank);
        streams.add(append.stream);
        sequences.add(sequence);
        types.add(event.type);
        schemaVersions.add(event.schemaVersion);
        occurred.add(event.occurredAt);
        starts.add(start);
        payloadLengths.add(event.payload.length);
        metadataLengths.add(event.metadata.length);
        sequence += 1;
        start += event.payload.length + event.metadata.length;
      }
    }
  }
  const columns = [shards, ranks, streams, sequences, types, schemaVersions, occurred, starts, payloadLengths];
  return [
    ...[...columns, metadataLengths].map((column) => column.finish()),
    Buffer.concat(batches.map(({ content }) => content)),
  ];
}

/** Values $16 … $19. */
function incomingColumns(batches: readonly ShardBatch[]): unknown[] {
  const opened: (IncomingId & { readonly shard: number })[] = [];
  for (const { shard, appends } of batches) {
    for (const { append } of appends) for (const id of append.incomingIds ?? []) opened.push({ shard, ...id });
  }
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
