import type pg from 'pg';

import { toMilliseconds } from '../sql-time.js';
import type { WaitingAppend } from './waiting-append.js';

/** What a lost connection has left of one append: its own first row, somebody else's, or nothing. */
export type Found =
  | { readonly kind: 'ours'; readonly firstPosition: number; readonly recordedAt: number }
  | { readonly kind: 'taken' }
  | { readonly kind: 'nothing' };

interface FoundRow {
  readonly rank: number;
  readonly position: number;
  readonly recorded_ms: number;
  readonly metadata: Buffer;
}

const LOOK_UP = `
select wanted.rank, j.position, ${toMilliseconds('j.recorded_at')} as recorded_ms, j.metadata
from unnest($1::int[], $2::text[], $3::int8[]) with ordinality as wanted(shard, stream, sequence, rank)
join journal j on j.shard = wanted.shard and j.stream = wanted.stream and j.sequence = wanted.sequence`;

/**
 * Looks for the first event of each append (P5). An append is all or nothing, so its first event answers for it. Metadata ends
 * with the hash over the whole event and the stream's past: equal bytes mean that it is ours.
 */
export async function lookUpAppends(client: pg.Client, appends: readonly WaitingAppend[]): Promise<readonly Found[]> {
  const { rows } = await client.query<FoundRow>({
    name: 'look-up',
    text: LOOK_UP,
    values: [
      appends.map(({ shard }) => shard),
      appends.map(({ append }) => append.stream),
      appends.map(({ append }) => append.firstSequence),
    ],
  });
  const byRank = new Map(rows.map((row) => [row.rank, row]));
  return appends.map(({ append }, index) => {
    const row = byRank.get(index + 1);
    if (row === undefined) return { kind: 'nothing' };
    if (append.events[0]?.metadata.equals(row.metadata) !== true) return { kind: 'taken' };
    return { kind: 'ours', firstPosition: row.position, recordedAt: row.recorded_ms };
  });
}
