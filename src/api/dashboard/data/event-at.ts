import { get } from './client.js';
import type { JournalEvent } from './live.js';

/** The event at one place of the journal. */
export async function readEventAt(
  place: { readonly shard: number; readonly position: number },
  signal: AbortSignal,
): Promise<JournalEvent | undefined> {
  const { shard, position } = place;
  const after = `${shard}:${position - 1}`;
  const { items } = await get('/api/v1/events', { query: { shard, after, limit: 1 }, signal });
  return items.find((event) => event.position === position);
}
