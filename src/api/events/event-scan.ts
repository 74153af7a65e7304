import type { Journal, RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import type { Positions } from './positions.js';

/** Which events a reader may and wants to see. */
export interface EventSelection {
  readonly tenant: string;
  readonly shard?: number;
  readonly stream?: string;
  readonly types?: ReadonlySet<string>;
  /** Accepted under this credential: fingerprint of a certificate, id of a token or session (SEC-152). */
  readonly credential?: string;
  /** Who has caused it, as the metadata name them. */
  readonly principal?: string;
  /** What it belongs to: a request, or the event that a chain began with. */
  readonly correlationId?: string;
  /** Effects of this event, `<stream>:<sequence>`. */
  readonly causationId?: string;
  /** Recorded at or after this time, ms since 1970. */
  readonly from?: number;
  /** Recorded at or before this time, ms since 1970. */
  readonly to?: number;
  /** Asked last, because it reads what is in an event. */
  readonly filter?: (event: RecordedEvent) => boolean;
}

/** By how much the clock of a server may go back without hiding events from a search by time. */
export const CLOCK_MARGIN_MS = 24 * 60 * 60 * 1000;

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
  const selects = selectorOf(selection);
  let scanned = 0;
  for (let shard = 0; shard < journal.shards; shard++) {
    const head = heads[shard] ?? 0;
    if (!mayHold(journal, selection, shard)) {
      // Nothing here can be selected: passed over, so that a resumed reader does not look again.
      positions[shard] = Math.max(positions[shard] ?? 0, head);
      continue;
    }
    if (selection.from !== undefined) {
      const first = await firstPositionAt(journal, shard, head, selection.from - CLOCK_MARGIN_MS);
      positions[shard] = Math.max(positions[shard] ?? 0, first - 1);
    }
    for (;;) {
      const after = positions[shard] ?? 0;
      const limit = Math.min(CHUNK, head - after, maxScanned - scanned);
      if (limit <= 0) break;
      const events = await journal.readShard(shard, after, limit);
      const last = events.at(-1);
      if (last === undefined) break;
      scanned += events.length;
      const selected = events.filter(selects);
      if (selected.length > 0) yield selected;
      const passed = selection.to !== undefined && last.recordedAt > selection.to + CLOCK_MARGIN_MS;
      positions[shard] = passed ? head : last.position;
    }
  }
}

/** Position of the first event of a shard that was recorded at `time` or later, found by some log2(head) single reads. */
export async function firstPositionAt(
  journal: Pick<Journal, 'readShard'>,
  shard: number,
  head: number,
  time: number,
): Promise<number> {
  let [low, high] = [1, head + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await journal.readShard(shard, middle - 1, 1);
    if (event === undefined || event.recordedAt >= time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether a shard can hold what is selected. */
export function mayHold(
  journal: Pick<Journal, 'shardOf'>,
  { shard: only, stream }: EventSelection,
  shard: number,
): boolean {
  return (only ?? shard) === shard && (stream === undefined || journal.shardOf(stream) === shard);
}

/** The selection as a question to one event, the dearest part last. */
export function selectorOf(selection: EventSelection): (event: RecordedEvent) => boolean {
  const { tenant, shard, stream, types, from = -Infinity, to = Infinity, filter } = selection;
  const marks = marksOf(selection);
  return (event) =>
    (shard === undefined || event.shard === shard) &&
    (stream === undefined || event.stream === stream) &&
    parseStreamKey(event.stream).tenant === tenant &&
    (types === undefined || types.has(event.type)) &&
    event.recordedAt >= from &&
    event.recordedAt <= to &&
    marks.every((mark) => event.metadata.includes(mark)) &&
    (filter === undefined || filter(event));
}

/** Members of the metadata as `origin.ts` writes them. Text of clients can not look like one: its quotes are escaped. */
function marksOf({ credential, principal, correlationId, causationId }: EventSelection): Buffer[] {
  return Object.entries({ credential, principal, correlationId, causationId }).flatMap(([member, value]) =>
    value === undefined ? [] : [Buffer.from(`"${member}":${JSON.stringify(value)}`)],
  );
}
