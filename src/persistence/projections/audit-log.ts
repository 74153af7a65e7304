import type { AuditLog, AuditQuery } from '../../actors/kernel/ports/access.js';
import type { RecordedEvent, Subscriber } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { loadCheckpoint, moveCheckpoint } from '../checkpoints.js';
import type { Database } from '../database.js';
import { journalColumns, toEvent, type EventRow } from '../journal/event-rows.js';
import { fromMilliseconds } from '../sql-time.js';
import { inTransaction } from '../transaction.js';
import { isAudited, principalOf } from './audited-event.js';

const NAME = 'audit';

/** Telemetry makes no entry, so its positions alone are stored only so often: so many are read again after a restart. */
const UNSTORED_POSITIONS = 5_000;

const INSERT = `insert into audit_entry (tenant, stream, sequence, shard, position, recorded_at, type, principal)
  select tenant, stream, sequence, $1, position, ${fromMilliseconds('recorded')}, type, principal
  from unnest($2::text[], $3::text[], $4::int8[], $5::int8[], $6::float8[], $7::text[], $8::text[])
    as fresh (tenant, stream, sequence, position, recorded, type, principal)`;

/** Of a device's profile, the one before: an event holds all of it. */
const LIST = `select ${journalColumns('journal')}, before.payload as previous
  from audit_entry entry
  join journal on journal.shard = entry.shard and journal.position = entry.position
  left join lateral (
    select earlier.shard, earlier.position from audit_entry earlier
    where entry.type = 'DeviceUpdated' and earlier.tenant = entry.tenant and earlier.stream = entry.stream
      and earlier.sequence < entry.sequence and earlier.type in ('DeviceRegistered', 'DeviceUpdated')
    order by earlier.sequence desc limit 1
  ) place on true
  left join journal before on before.shard = place.shard and before.position = place.position
  where entry.tenant = $1
    and ($2::text is null or entry.principal = $2)
    and ($3::text[] is null or entry.type = any ($3))
    and ($4::text is null or entry.stream = $4)
    and ($5::float8 is null or entry.recorded_at >= ${fromMilliseconds('$5::float8')})
    and ($6::float8 is null or entry.recorded_at <= ${fromMilliseconds('$6::float8')})
    and ($7::float8 is null
      or (entry.recorded_at, entry.shard, entry.position) < (${fromMilliseconds('$7::float8')}, $8::integer, $9::int8))
  order by entry.recorded_at desc, entry.shard desc, entry.position desc limit $10`;

/**
 * The audit: an index of what people, their tokens and the platform have done, kept up by `subscriber`, and the journal's own
 * events at the places that it names. To rebuild, delete the rows of `audit_entry` and the checkpoints of `audit`.
 */
export function createAuditLog({ pool }: Database): { readonly log: AuditLog; readonly subscriber: Subscriber } {
  /** Checkpoints as stored, by shard. */
  const stored = new Map<number, number>();

  const subscriber: Subscriber = {
    name: NAME,
    async checkpoint(shard) {
      const position = await loadCheckpoint(pool, NAME, shard);
      stored.set(shard, position);
      return position;
    },
    async handle(shard, events) {
      const last = events.at(-1)?.position ?? 0;
      const from = stored.get(shard) ?? 0;
      const audited = events.filter(isAudited);
      if (audited.length === 0 && last - from < UNSTORED_POSITIONS) return;
      await inTransaction(pool, async (client) => {
        await moveCheckpoint(client, NAME, shard, { from, to: last });
        if (audited.length > 0) await client.query(INSERT, [shard, ...columnsOf(audited)]);
      });
      stored.set(shard, last);
    },
  };

  const log: AuditLog = {
    async list(query) {
      const { rows } = await pool.query<EventRow & { readonly previous: Buffer | null }>(LIST, valuesOf(query));
      return rows.map((row) => ({ event: toEvent(row), previous: row.previous ?? undefined }));
    },
  };
  return { log, subscriber };
}

function columnsOf(events: readonly RecordedEvent[]): unknown[][] {
  return [
    events.map(({ stream }) => parseStreamKey(stream).tenant),
    events.map(({ stream }) => stream),
    events.map(({ sequence }) => sequence),
    events.map(({ position }) => position),
    events.map(({ recordedAt }) => recordedAt),
    events.map(({ type }) => type),
    events.map(principalOf),
  ];
}

function valuesOf({ tenant, principal, types, stream, from, to, limit, before }: AuditQuery): unknown[] {
  const { recordedAt, shard, position } = before ?? {};
  return [tenant, principal, types, stream, from, to, recordedAt, shard, position, limit];
}
