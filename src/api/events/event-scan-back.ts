import type { Journal, RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { CLOCK_MARGIN_MS, firstPositionAt, mayHold, selectorOf, type EventSelection } from './event-scan.js';
import type { Positions } from './positions.js';

type ReadableJournal = Pick<Journal, 'shards' | 'shardOf' | 'readShard'>;

/** Where one reading backwards ends at the latest. */
interface Bounds {
  /** Events that are answered. */
  readonly limit: number;
  /** Events that are looked at. */
  readonly maxScanned: number;
  /** Of payloads. */
  readonly maxBytes: number;
}

interface EventsBack {
  /** The newest first: within a shard in its order, between shards by the time of recording. */
  readonly events: readonly RecordedEvent[];
  /** Whether older events were not looked at. */
  readonly more: boolean;
  /** About how many there are in all, these included: of those not looked at, as many in a hundred as of the others. */
  readonly estimate: number;
}

/** A shard as it is read from its end. */
interface ShardBack {
  readonly shard: number;
  /** Position of the oldest event that can be selected, less one. */
  readonly floor: number;
  /** Read and not yet looked at, the newest last. */
  waiting: RecordedEvent[];
  /** Position of the newest event that is neither waiting nor looked at. */
  unread: number;
}

/** Events of one shard read at a time. Positions have no gap, so the piece before a position is known by its number. */
const CHUNK = 100;

/** Reads from `positions` towards the first event. `positions` moves with the reading, for the next one. */
export async function readBackwards(
  journal: ReadableJournal,
  selection: EventSelection,
  positions: Positions,
  { limit, maxScanned, maxBytes }: Bounds,
): Promise<EventsBack> {
  const selects = selectorOf(selection);
  const shards = await beginAt(journal, selection, positions);
  const events: RecordedEvent[] = [];
  let scanned = 0;
  let bytes = 0;
  while (events.length < limit && scanned < maxScanned && bytes < maxBytes) {
    for (const shard of shards) if (shard.waiting.length === 0) await readPiece(journal, shard);
    const newest = newestOf(shards);
    const event = newest?.waiting.pop();
    if (event === undefined) break;
    scanned += 1;
    positions[event.shard] = event.position - 1;
    if (!selects(event)) continue;
    events.push(event);
    bytes += event.payload.length;
  }
  const left = shards.reduce((sum, { waiting, unread, floor }) => sum + waiting.length + unread - floor, 0);
  const share = scanned === 0 ? 0 : events.length / scanned;
  return { events, more: left > 0, estimate: events.length + Math.round(left * share) };
}

async function beginAt(
  journal: ReadableJournal,
  selection: EventSelection,
  positions: Positions,
): Promise<readonly ShardBack[]> {
  const { from, to } = selection;
  const shards: ShardBack[] = [];
  for (let shard = 0; shard < journal.shards; shard++) {
    const begin = positions[shard] ?? 0;
    if (!mayHold(journal, selection, shard)) continue;
    const at = (time: number): Promise<number> => firstPositionAt(journal, shard, begin, time);
    const unread = to === undefined ? begin : (await at(to + CLOCK_MARGIN_MS)) - 1;
    const floor = from === undefined ? 0 : (await at(from - CLOCK_MARGIN_MS)) - 1;
    shards.push({ shard, floor, waiting: [], unread });
  }
  return shards;
}

async function readPiece(journal: ReadableJournal, shard: ShardBack): Promise<void> {
  const after = Math.max(shard.floor, shard.unread - CHUNK);
  const events: RecordedEvent[] = [];
  for (let read = after; read < shard.unread; read = events.at(-1)?.position ?? shard.unread) {
    const more = await journal.readShard(shard.shard, read, shard.unread - read);
    if (more.length === 0) break;
    events.push(...more);
  }
  shard.waiting = events;
  shard.unread = after;
}

function newestOf(shards: readonly ShardBack[]): ShardBack | undefined {
  let newest: ShardBack | undefined;
  let time = -Infinity;
  for (const shard of shards) {
    const recordedAt = shard.waiting.at(-1)?.recordedAt ?? -Infinity;
    if (recordedAt > time) [newest, time] = [shard, recordedAt];
  }
  return newest;
}
