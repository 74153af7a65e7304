import type { Journal, RecordedEvent } from '../actors/kernel/ports.js';
import { deviceStream } from '../actors/device/events.js';
import { parseStreamKey } from '../actors/kernel/stream-key.js';
import type { Positions } from './positions.js';

/** Which events a reader may and wants to see. */
export interface EventSelection {
  readonly tenant: string;
  readonly device?: string;
  readonly types?: ReadonlySet<string>;
}

/** Events read from the journal at a time: what one reader holds in memory. */
const CHUNK = 100;

/**
 * Reads from `positions` up to `heads`, shard after shard, and yields what is selected in batches of one shard.
 * `positions` moves with the reading: behind a batch when the next one is asked for, so that a reader who stops within a
 * batch sets the shard's position to the last event that it has used.
 * @param maxScanned events looked at before the scan ends early
 */
export async function* scanJournal(
  journal: Pick<Journal, 'shards' | 'shardOf' | 'readShard'>,
  selection: EventSelection,
  positions: Positions,
  heads: Positions,
  maxScanned = Infinity,
): AsyncGenerator<readonly RecordedEvent[], void, void> {
  const only =
    selection.device === undefined ? undefined : journal.shardOf(deviceStream(selection.tenant, selection.device));
  let scanned = 0;
  for (let shard = 0; shard < journal.shards; shard++) {
    const head = heads[shard] ?? 0;
    if (only !== undefined && shard !== only) {
      // Nothing here can be selected: passed over, so that a resumed reader does not look again.
      positions[shard] = Math.max(positions[shard] ?? 0, head);
      continue;
    }
    for (;;) {
      const after = positions[shard] ?? 0;
      const limit = Math.min(CHUNK, head - after, maxScanned - scanned);
      if (limit <= 0) break;
      const events = await journal.readShard(shard, after, limit);
      const last = events.at(-1);
      if (last === undefined) break;
      scanned += events.length;
      const selected = events.filter((event) => selects(selection, event));
      if (selected.length > 0) yield selected;
      positions[shard] = last.position;
    }
  }
}

function selects(selection: EventSelection, event: RecordedEvent): boolean {
  if (selection.device !== undefined) {
    if (event.stream !== deviceStream(selection.tenant, selection.device)) return false;
  } else if (parseStreamKey(event.stream).tenant !== selection.tenant) {
    return false;
  }
  return selection.types === undefined || selection.types.has(event.type);
}
