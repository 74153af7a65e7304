import type pg from 'pg';

import { FleetlogError } from '../../actors/kernel/errors.js';
import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { toMilliseconds } from '../sql-time.js';

export interface EventRow {
  readonly shard: number;
  readonly position: number;
  readonly stream: string;
  readonly sequence: number;
  readonly type: string;
  readonly schema_version: number;
  readonly occurred_ms: number;
  readonly recorded_ms: number;
  readonly payload: Buffer;
  readonly metadata: Buffer;
}

/** What `toEvent` reads. @param table name of the journal in the statement */
export function journalColumns(table: string): string {
  const plain = ['shard', 'position', 'stream', 'sequence', 'type', 'schema_version', 'payload', 'metadata'];
  const [occurredAt, recordedAt] = ['occurred_at', 'recorded_at'].map((name) => toMilliseconds(`${table}.${name}`));
  return `${plain.map((name) => `${table}.${name}`).join(', ')}, ${occurredAt} as occurred_ms, ${recordedAt} as recorded_ms`;
}

const COLUMNS = journalColumns('journal');

/** Payload and metadata of one answer, about: events of 256 KiB must not fill the memory by the hundred. */
const ANSWER_BYTES = 4 * 1024 * 1024;

/** The first rows of a page up to `ANSWER_BYTES`, but always the first; sizes are known without reading the content. */
const bounded = (page: string, order: string) => `select * from (
    select page.*, coalesce(sum(octet_length(payload) + octet_length(metadata)) over (
      order by ${order} rows between unbounded preceding and 1 preceding), 0) as bytes_before
    from (${page}) as page) as measured
  where bytes_before < ${ANSWER_BYTES} order by ${order}`;

const READ_STREAM = bounded(
  `select ${COLUMNS} from journal where shard = $1 and stream = $2 and sequence >= $3 order by sequence limit $4`,
  'sequence',
);

const READ_SHARD = bounded(
  `select ${COLUMNS} from journal where shard = $1 and position > $2 and position <= $3 order by position`,
  'position',
);

/**
 * So many positions are looked through at once where some types are left out: what comes back is little, and reading it all
 * costs several times what Postgres does to pass over it (bench `overload`).
 */
const SIFTED_POSITIONS = 20_000;

/** The last position comes in any case: it says how far was read, and that the journal is there. */
const SIFT_SHARD = bounded(
  `select ${COLUMNS} from journal where shard = $1 and position > $2 and position <= $3
     and (position = $3 or type <> all ($4)) order by position limit $5`,
  'position',
);

/** Events `fromSequence`, … of one stream, fewer than `limit` when they are large. */
export async function readStreamRows(
  pool: pg.Pool,
  shard: number,
  stream: string,
  fromSequence: number,
  limit: number,
): Promise<readonly RecordedEvent[]> {
  const { rows } = await pool.query<EventRow>({
    name: 'read-stream',
    text: READ_STREAM,
    values: [shard, stream, fromSequence, limit],
  });
  return rows.map(toEvent);
}

/** When the newest of a stream's last hundred events with one of the types was recorded, ms since 1970. */
export async function readLastRecorded(
  pool: pg.Pool,
  shard: number,
  stream: string,
  types: readonly string[],
): Promise<number | undefined> {
  const { rows } = await pool.query<{ readonly recorded_ms: number }>({
    name: 'read-last-recorded',
    text: `select ${toMilliseconds('recorded_at')} as recorded_ms from (
        select type, recorded_at, sequence from journal where shard = $1 and stream = $2 order by sequence desc limit 100
      ) as newest where type = any ($3) order by sequence desc limit 1`,
    values: [shard, stream, types],
  });
  return rows[0]?.recorded_ms;
}

/**
 * Events (after, after + limit] of one shard, fewer when they are large.
 * @param head position that is known to be committed
 * @param ignored types that may be left out (`Journal.readShard`)
 * @throws FleetlogError `JOURNAL_CORRUPT` when a committed position is missing
 */
export async function readShardRows(
  pool: pg.Pool,
  shard: number,
  after: number,
  limit: number,
  head: number,
  ignored: readonly string[] = [],
): Promise<readonly RecordedEvent[]> {
  if (ignored.length > 0) return siftShardRows(pool, shard, after, limit, head, ignored);
  const last = Math.min(after + limit, head);
  const { rows } = await pool.query<EventRow>({ name: 'read-shard', text: READ_SHARD, values: [shard, after, last] });
  const gap = rows.findIndex((row, index) => row.position !== after + 1 + index);
  const missing = gap >= 0 ? after + 1 + gap : after + rows.length + 1;
  if (missing <= last && (gap >= 0 || !isFull(rows))) throw missingEvent(shard, missing);
  return rows.map(toEvent);
}

/** Whether a position is missing in between can't be seen here: whoever reads everything sees it. */
async function siftShardRows(
  pool: pg.Pool,
  shard: number,
  after: number,
  limit: number,
  head: number,
  ignored: readonly string[],
): Promise<readonly RecordedEvent[]> {
  const last = Math.min(after + Math.max(SIFTED_POSITIONS, limit), head);
  const values = [shard, after, last, ignored, limit];
  const { rows } = await pool.query<EventRow>({ name: 'sift-shard', text: SIFT_SHARD, values });
  if (rows.at(-1)?.position !== last && rows.length < limit && !isFull(rows)) throw missingEvent(shard, last);
  return rows.map(toEvent);
}

function missingEvent(shard: number, position: number): FleetlogError {
  return new FleetlogError('JOURNAL_CORRUPT', `Shard ${shard} of the journal has no event at position ${position}.`);
}

function isFull(rows: readonly EventRow[]): boolean {
  return rows.reduce((sum, { payload, metadata }) => sum + payload.length + metadata.length, 0) >= ANSWER_BYTES;
}

export function toEvent(row: EventRow): RecordedEvent {
  return {
    shard: row.shard,
    position: row.position,
    stream: row.stream,
    sequence: row.sequence,
    type: row.type,
    schemaVersion: row.schema_version,
    occurredAt: row.occurred_ms,
    recordedAt: row.recorded_ms,
    payload: row.payload,
    metadata: row.metadata,
  };
}
