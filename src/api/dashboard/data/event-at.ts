import { get } from './client.js';
import type { JournalEvent } from './live.js';

/** The event at one place of the journal: the other shards are asked behind their heads, so that they answer nothing. */
export async function readEventAt(
  place: { readonly shard: number; readonly position: number },
  signal: AbortSignal,
): Promise<JournalEvent | undefined> {
  const { shards } = await get('/api/v1/system/status', { signal });
  const after = shards
    .map(({ shard, head }) => `${shard}:${shard === place.shard ? place.position - 1 : head}`)
    .join(',');
  const { items } = await get('/api/v1/events', { query: { after, limit: 1 }, signal });
  return items.find(({ shard, position }) => shard === place.shard && position === place.position);
}
